"""Forms: what a plugin asks the user, declared once, shown by the wizard and the config file."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

Side = Literal["own", "source", "target"]


@dataclass(frozen=True, kw_only=True)
class Option:
    """One live choice.

    value: what is stored and sent. label: what people see. data: facts about it (a VAT percentage).
    """

    value: str
    label: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Lookup:
    """A list of live choices fetched from a connection.

    Standard names mean the same in every system, so that the hub's own settings can offer them:
    vat_codes (data: rate as a percentage, prices gross or net), vat_rates (data: country, rate),
    payment_conditions, payment_methods, shipping_methods, warehouses, cost_centers, cost_units,
    gl_accounts, order_statuses, classifications, debtors.

    name: as in forms and in `koppel lookup`. title: what people call it. fetch(api): the options.
    """

    name: str
    title: str
    fetch: Callable[[Any], Iterable[Option]]


class Form(BaseModel):
    """Base of every form. Declare fields with the helpers below; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True, validate_default=True)


class NoForm(Form):
    """Nothing to ask."""


class MappingTable(BaseModel):
    """Value by value: what the source calls it -> what the target calls it, with a default.

    rows: the source's value and the target's. default: for a value without a row, and for none.
    force: use the default whatever the source says.
    """

    model_config = ConfigDict(extra="forbid")

    default: str | None = None
    force: bool = False
    rows: dict[str, str] = Field(default_factory=dict)

    @field_validator("rows")
    @classmethod
    def _no_key_twice(cls, rows: dict[str, str]) -> dict[str, str]:
        seen: dict[str, str] = {}
        for key in rows:
            name = key.strip().casefold()
            if name in seen:
                raise ValueError(f"{key!r} and {seen[name]!r} are the same; leave one of them out")
            seen[name] = key
        return rows

    def look_up(self, value: str | None) -> str | None:
        """The target's value for the source's, ignoring case and outer blanks; else the default."""
        if not self.force and value is not None:
            wanted = value.strip().casefold()
            for key, mapped in self.rows.items():
                if key.strip().casefold() == wanted:
                    return mapped
        return self.default


Widget = Literal[
    "text",
    "secret",
    "number",
    "flag",
    "choice",
    "multichoice",
    "textarea",
    "table",
    "vat_table",
    "date",
]


def ask(
    widget: Widget,
    label: str,
    *,
    default: Any,
    help: str = "",
    example: str = "",
    advanced: bool = False,
    lookup: str | None = None,
    side: Side = "own",
    options: Iterable[tuple[str, str]] = (),
    keys: str | None = None,
    keys_side: Side = "source",
    group: str = "",
    needs: str | Mapping[str, str] = "",
    blank: str = "",
    **constraints: Any,
) -> Any:
    """A field with any widget; the helpers are shorter. keys: the lookup of a table's keys.

    needs: what a target must be able to do for this to be asked ("update", "cancel"), or what it
    must take ("refunded": a field of that meaning, when updated); or option -> what that one needs.
    blank: what a table does with a value that has no row, when that is not to block the record.
    """
    ui: dict[str, Any] = {"widget": widget}
    if example:
        ui["example"] = example
    if advanced:
        ui["advanced"] = True
    if lookup:
        ui |= {"lookup": lookup, "side": side}
    if keys:
        ui |= {"keys": keys, "keys_side": keys_side}
    if group:
        ui["group"] = group
    if blank:
        ui["blank"] = blank
    if needs:
        ui["needs"] = needs if isinstance(needs, str) else dict(needs)
    choices = [{"value": value, "label": text} for value, text in options]
    if choices:
        ui["options"] = choices
    if isinstance(default, (dict, list, BaseModel)):
        made = default

        def factory() -> Any:
            return copy.deepcopy(made)

        return Field(
            default_factory=factory,
            title=label,
            description=help or None,
            json_schema_extra={"ui": ui},
            **constraints,
        )
    return Field(
        default, title=label, description=help or None, json_schema_extra={"ui": ui}, **constraints
    )


def text(label: str, *, default: Any = ..., help: str = "", **more: Any) -> Any:
    """One line of text. Leave `default` out to make it required."""
    return ask("text", label, default=default, help=help, **more)


def textarea(label: str, *, default: Any = ..., help: str = "", **more: Any) -> Any:
    """Several lines of text."""
    return ask("textarea", label, default=default, help=help, **more)


def secret(label: str, *, default: Any = ..., help: str = "", **more: Any) -> Any:
    """A credential; annotate it as SecretStr. Encrypted at rest, never shown again."""
    return ask("secret", label, default=default, help=help, **more)


def number(label: str, *, default: Any = ..., help: str = "", **more: Any) -> Any:
    """A number; annotate it as int or Decimal. Takes ge=, le=."""
    return ask("number", label, default=default, help=help, **more)


def date(label: str, *, default: Any = ..., help: str = "", **more: Any) -> Any:
    """A day; annotate it as datetime.date."""
    return ask("date", label, default=default, help=help, **more)


def flag(label: str, *, default: bool = False, help: str = "", **more: Any) -> Any:
    """Yes or no."""
    return ask("flag", label, default=default, help=help, **more)


def choice(
    label: str,
    *,
    options: Iterable[tuple[str, str]] = (),
    lookup: str | None = None,
    side: Side = "own",
    default: Any = ...,
    help: str = "",
    **more: Any,
) -> Any:
    """One of fixed options (value, label), or of a lookup of the own side, source or target."""
    return ask(
        "choice",
        label,
        default=default,
        help=help,
        options=options,
        lookup=lookup,
        side=side,
        **more,
    )


def multichoice(
    label: str,
    *,
    options: Iterable[tuple[str, str]] = (),
    lookup: str | None = None,
    side: Side = "own",
    help: str = "",
    **more: Any,
) -> Any:
    """Any number of options; annotate it as list[str]. The default is none."""
    return ask(
        "multichoice",
        label,
        default=[],
        help=help,
        options=options,
        lookup=lookup,
        side=side,
        **more,
    )


def table(
    label: str, *, keys: str | None = None, lookup: str | None = None, help: str = "", **more: Any
) -> Any:
    """A MappingTable: keys from the source's lookup `keys`, values from the target's `lookup`."""
    return ask(
        "table",
        label,
        default=MappingTable(),
        help=help,
        keys=keys,
        lookup=lookup,
        side="target",
        **more,
    )


__all__ = [
    "Form",
    "Lookup",
    "MappingTable",
    "NoForm",
    "Option",
    "SecretStr",
    "Side",
    "choice",
    "date",
    "flag",
    "multichoice",
    "number",
    "secret",
    "table",
    "text",
    "textarea",
]
