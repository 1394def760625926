"""How the pretended service says no: OData refusals (400 and kin), business refusals (500)."""

from __future__ import annotations

import json

from flask import Response

JSON = "application/json;charset=utf-8"


class ODataError(Exception):
    """The request itself is wrong: an unknown property, a bad filter, a verb not offered."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status

    def body(self) -> dict[str, object]:
        return {"error": {"code": "", "message": {"lang": "en-US", "value": str(self)}}}


class EntityFault(ODataError):
    """The business layer refuses the record; the useful text is the deepest message."""

    type = "Exact.Services.Entities.EntityFault"

    def __init__(self, *messages: str) -> None:
        super().__init__("\r\n".join(messages), 500)

    def body(self) -> dict[str, object]:
        return _nested(str(self), self.type)


class DatabaseFault(EntityFault):
    """The administration cannot be opened: the two headers that name it are wrong or missing."""

    type = "System.Data.SqlClient.SqlException"


def _nested(text: str, type_name: str) -> dict[str, object]:
    outer = "An error occurred while processing this request."
    return {
        "error": {
            "code": "",
            "message": {"lang": "en-US", "value": outer},
            "innererror": {
                "message": "Exact.Entity.REST.EG: the entity could not be saved.",
                "type": "System.ServiceModel.FaultException`1",
                "stacktrace": "",
                "internalexception": {"message": text, "type": type_name, "stacktrace": ""},
            },
        }
    }


def answer(error: ODataError) -> Response:
    """The error as the service sends it."""
    return Response(json.dumps(error.body()), error.status, content_type=JSON)
