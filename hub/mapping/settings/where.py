"""The filter that users write themselves, as an answer in a form: parsed, checked, kept as data."""

from __future__ import annotations

from typing import Annotated, Any

import yaml
from pydantic import BeforeValidator

from hub.mapping.conditions import compile_condition
from hub.model import Customer, Document, Invoice, JournalEntry, Order, Product, StockLevel
from hub.sdk.forms import textarea

HELP = (
    "Only records that answer to it are taken. One condition, or several with all, any and not, "
    "of any field of the record as it is read or of the document made of it. Conditions are "
    "=, !=, >, >=, <, <=, in, not in, contains, not contains, starts with, empty and not empty."
)
EXAMPLE = "{all: [{field: total, is: '>', value: 10}, {field: note, is: empty}]}"


def parsed(given: Any) -> Any:
    """What was typed as YAML, read; a config file has it read already. Raises ValueError."""
    if not isinstance(given, str):
        return given
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(given)):
            raise ValueError("* (an alias) cannot be used here")
        return yaml.safe_load(given)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f"line {mark.line + 1}: " if mark else ""
        raise ValueError(f"{line}{error.problem or 'this is not YAML'}") from None
    except yaml.YAMLError:
        raise ValueError("this is not YAML") from None


def _of(document: type[Document]) -> Any:
    def read(given: Any) -> Any:
        found = parsed(given)
        compile_condition(found, document)
        return found

    return Annotated[dict[str, Any] | list[Any], BeforeValidator(read)]


OrderWhere = _of(Order)
InvoiceWhere = _of(Invoice)
JournalWhere = _of(JournalEntry)
CustomerWhere = _of(Customer)
ProductWhere = _of(Product)
StockWhere = _of(StockLevel)


def where() -> Any:
    """The form's field: empty takes everything."""
    return textarea(
        "Filter of your own",
        default=None,
        help=HELP,
        example=EXAMPLE,
        group="Filter",
        advanced=True,
    )
