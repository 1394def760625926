"""Checks a plugin's declaration of a system, so that a mistake is named when the hub starts."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, get_args

from hub.mapping.paths import PathError, compile_path
from hub.mapping.settings import settings_for
from hub.model import DOCUMENTS, Document, field_paths
from hub.sdk import Entity, Field, Form, Lookup, OAuth2, RateLimit, SecretStr, System, Webhook
from hub.sdk.entity import When
from hub.sdk.forms import Widget
from hub.sdk.oauth import own_client

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_SANDBOX = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
_WIDGETS = frozenset(get_args(Widget))
_OWN_SIDES = {"credentials": {"own"}, "settings": {"own"}, "filter": {"own", "source"}}


class DeclarationError(Exception):
    """A system is declared wrongly; the text lists every mistake."""

    def __init__(self, mistakes: Iterable[str]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("; ".join(self.mistakes))


def check_system(system: Any) -> None:
    """Raises DeclarationError naming all that is wrong with a declaration."""
    if not isinstance(system, System):
        kind = type(system).__name__
        raise DeclarationError([f"register_systems must give System objects, not {kind}"])
    mistakes = list(_mistakes(system))
    if mistakes:
        raise DeclarationError([f"{system.name}: {mistake}" for mistake in mistakes])


def _mistakes(system: System) -> Iterator[str]:
    if not isinstance(system.name, str) or not NAME.fullmatch(system.name):
        yield "the name of a system is lower-case letters, digits and _, starting with a letter"
    if not system.title.strip():
        yield "the system has no title"
    if system.sandbox is not None and not _SANDBOX.fullmatch(system.sandbox):
        yield f"sandbox must be 'package.module:function', not {system.sandbox!r}"
    if system.parallel < 1:
        yield "parallel must be at least 1"
    if not callable(system.limits) and not all(isinstance(x, RateLimit) for x in system.limits):
        yield "limits must be RateLimit objects"
    yield from _access_mistakes(system)
    yield from _lookup_mistakes(system)
    yield from _form_mistakes(system, system.credentials, "credentials")
    yield from _form_mistakes(system, system.settings, "settings")
    if not system.entities:
        yield "the system has no entities"
    yield from _doubles("entity", [getattr(e, "name", "") for e in system.entities])
    for entity in system.entities:
        where = getattr(entity, "name", None) or getattr(entity, "__name__", repr(entity))
        for mistake in _entity_mistakes(system, entity):
            yield f"{where}: {mistake}"


def _doubles(what: str, names: Iterable[str]) -> Iterator[str]:
    for name, count in Counter(names).items():
        if count > 1:
            yield f"there are {count} of the {what} {name!r}"


def _access_mistakes(system: System) -> Iterator[str]:
    oauth2, webhook = system.oauth2, system.webhook
    asked = getattr(system.credentials, "model_fields", {})
    if oauth2 is not None and not isinstance(oauth2, OAuth2):
        yield f"oauth2 must be an OAuth2 object, not {type(oauth2).__name__}"
    elif oauth2 is not None and oauth2.client is own_client:
        for name in ("client_id", "client_secret"):
            if name not in asked:
                yield f"oauth2: the credentials have no {name}; ask for it, or declare client"
    if webhook is not None and not isinstance(webhook, Webhook):
        yield f"webhook must be a Webhook object, not {type(webhook).__name__}"


def _lookup_mistakes(system: System) -> Iterator[str]:
    for lookup in system.lookups:
        if not isinstance(lookup, Lookup):
            yield f"lookups must be Lookup objects, not {type(lookup).__name__}"
            return
        if not NAME.fullmatch(lookup.name):
            yield f"the lookup name {lookup.name!r} is not lower-case letters, digits and _"
    yield from _doubles("lookup", [lookup.name for lookup in system.lookups])


def _entity_mistakes(system: System, entity: Any) -> Iterator[str]:
    if not (inspect.isclass(entity) and issubclass(entity, Entity)):
        yield "entities must be subclasses of Entity"
        return
    for attribute in ("name", "title", "document"):
        if not hasattr(entity, attribute):
            yield f"{attribute} is missing"
            return
    if not NAME.fullmatch(entity.name):
        yield "the name of an entity is lower-case letters, digits and _, starting with a letter"
    if not (inspect.isclass(entity.document) and issubclass(entity.document, Document)):
        yield "document must be a document class of hub.model"
        return
    if entity.document.kind not in DOCUMENTS:
        yield f"documents of the kind {entity.document.kind!r} are not known"
        return
    known = field_paths(entity.document)
    for path in entity.match:
        if not _means(path, known):
            yield f"match: {entity.document.__name__} has no {path}"
    for number, field in enumerate(entity.fields, 1):
        yield from _field_mistakes(number, field, entity.document, known)
    yield from _form_mistakes(system, entity.filter, "filter")
    yield from _form_mistakes(system, entity.settings, "settings", target=True)
    own = settings_for(entity.document.kind).model_fields
    for name in getattr(entity.settings, "model_fields", {}):
        if name in own:
            yield f"settings: {name!r} is the name of a setting of the hub; choose another"


def _field_mistakes(
    number: int, field: Any, document: type[Document], known: dict[str, type]
) -> Iterator[str]:
    if not isinstance(field, Field):
        yield f"field {number} is not a Field"
        return
    try:
        compile_path(field.path)
    except PathError as error:
        yield f"field {number}: {error}"
    if field.meaning is not None and not _means(field.meaning, known):
        yield f"field {field.path}: {document.__name__} has no {field.meaning}"
    if field.when not in get_args(When):
        yield f"field {field.path}: when must be one of {', '.join(get_args(When))}"
    if field.only not in (None, "read", "write"):
        yield f"field {field.path}: only must be 'read' or 'write'"
    if field.value is not None and field.only == "read":
        yield f"field {field.path}: a constant is written, so it cannot be a field to read only"
    if field.max_length is not None and field.max_length < 1:
        yield f"field {field.path}: max_length must be at least 1"


def _means(meaning: str, known: dict[str, type]) -> bool:
    try:
        compile_path(meaning)
    except PathError:
        return False
    path = re.sub(r"\[-?\d+\]", "[]", meaning)
    return path in known or path.startswith("custom.")


def _form_mistakes(system: System, form: Any, what: str, *, target: bool = False) -> Iterator[str]:
    if not (inspect.isclass(form) and issubclass(form, Form)):
        yield f"{what} must be a subclass of Form"
        return
    own = {"own", "target"} if target else _OWN_SIDES[what]
    for name, info in form.model_fields.items():
        extra = info.json_schema_extra
        ui = extra.get("ui") if isinstance(extra, dict) else None
        if not isinstance(ui, dict):
            yield f"{what}.{name} is not declared with text(), secret(), choice() and the like"
            continue
        if ui.get("widget") not in _WIDGETS:
            yield f"{what}.{name}: there is no widget {ui.get('widget')!r}"
        if not info.title:
            yield f"{what}.{name} has no label"
        is_secret = SecretStr in (info.annotation, *get_args(info.annotation))
        if is_secret != (ui.get("widget") == "secret"):
            yield f"{what}.{name}: a secret is declared with secret() and annotated as SecretStr"
        if is_secret and what != "credentials":
            yield f"{what}.{name}: secrets belong in the credentials, where they are encrypted"
        for key, side in (("lookup", "side"), ("keys", "keys_side")):
            wanted = ui.get(key)
            if wanted and ui.get(side) in own and system.lookup(str(wanted)) is None:
                yield f"{what}.{name}: the system has no lookup {wanted!r}"
