"""Pipelines and their stages, asked live; a stored one that is gone stops the flow by name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from hub.model import Json
from hub.sdk import Api, ConfigurationError

WORDS = {"orders": "order", "deals": "deal"}


def pipelines(api: Api, kind: str) -> list[Json]:
    """All pipelines of orders or deals; asked once per open connection."""
    key = f"pipelines of {kind}"
    if key not in api.memo:
        answer = api.get(f"/crm/v3/pipelines/{kind}")
        found = answer.get("results") if isinstance(answer, dict) else None
        api.memo[key] = [p for p in found or () if not p.get("archived")]
    known: list[Json] = api.memo[key]
    return known


def stages(api: Api, kind: str) -> Iterator[tuple[Json, Json]]:
    """Every stage with its pipeline."""
    for pipeline in pipelines(api, kind):
        for stage in pipeline.get("stages") or ():
            if not stage.get("archived"):
                yield pipeline, stage


def label(pipeline: Json, stage: Json) -> str:
    """Names of stages are not unique: with that of the pipeline."""
    return f"{pipeline.get('label')} / {stage.get('label')}"


def first_open(api: Api, kind: str, chosen: str | None) -> tuple[str, str] | None:
    """Where something new begins: the first open stage of the chosen or of the first pipeline."""
    for pipeline in sorted(pipelines(api, kind), key=_place):
        if chosen and str(pipeline["id"]) != chosen:
            continue
        for stage in sorted(pipeline.get("stages") or (), key=_place):
            if not stage.get("archived") and state(stage) == "open":
                return str(pipeline["id"]), str(stage["id"])
        return None
    return None


def _place(one: Json) -> int:
    order = str(one.get("displayOrder") or 0)
    return int(order) if order.lstrip("-").isdigit() else 0


def pipeline_of(api: Api, kind: str, stage: str) -> str | None:
    """The pipeline that a stage belongs to."""
    return next((str(p["id"]) for p, s in stages(api, kind) if str(s["id"]) == stage), None)


def must_exist(
    api: Api,
    kind: str,
    pipeline: str | None,
    chosen: Sequence[str | None],
    names: tuple[str, str] = ("pipeline", "stages"),
) -> None:
    """Raises ConfigurationError naming the setting whose pipeline or stage is gone."""
    word = WORDS[kind]
    if pipeline and pipeline not in {str(p["id"]) for p in pipelines(api, kind)}:
        there = ", ".join(str(p.get("label")) for p in pipelines(api, kind)) or "none"
        raise ConfigurationError(
            f"The {word} pipeline {pipeline} does not exist in HubSpot any more. Choose another "
            f"one in the settings of this flow. There are: {there}.",
            setting=names[0],
        )
    known = {str(s["id"]): str(p["id"]) for p, s in stages(api, kind)}
    for stage in chosen:
        if not stage:
            continue
        if stage not in known:
            raise ConfigurationError(
                f"The {word} stage {stage} does not exist in HubSpot any more. Choose others in "
                "the settings of this flow.",
                setting=names[1],
            )
        if pipeline and known[stage] != pipeline:
            raise ConfigurationError(
                f"The {word} stage {stage} belongs to another pipeline than the one chosen, "
                f"{pipeline}: nothing can be in both.",
                setting=names[1],
            )


def state(stage: Any) -> str:
    """open, won, lost or closed, as far as HubSpot tells."""
    metadata = stage.get("metadata") or {}
    closed = metadata.get("isClosed") == "true" or metadata.get("state") == "CLOSED"
    if not closed:
        return "open"
    probability = str(metadata.get("probability") or "")
    return {"1.0": "won", "0.0": "lost"}.get(probability, "closed")
