"""Live choices from an account: pipelines, stages, tax rates, stages of life, customers."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from hub.model import Json
from hub.sdk import (
    Api,
    AuthenticationError,
    ConfigurationError,
    Lookup,
    NotFound,
    Option,
    RecordError,
)

from .pipelines import label, pipelines, stages, state
from .schema import custom, definitions
from .searching import condition, search


def tax_rates(api: Api) -> list[Json]:
    """The tax rates of the account; asked once per open connection."""
    if "tax rates" not in api.memo:
        found: list[Json] = []
        after: str | None = None
        while True:
            query = {"limit": 100, **({"after": after} if after else {})}
            try:
                answer = api.get("/tax-rates/v1/tax-rates", query)
            except NotFound:
                break  # an account without the library of tax rates
            found += [r for r in answer.get("results") or () if r.get("active") is not False]
            after = ((answer.get("paging") or {}).get("next") or {}).get("after")
            if not after:
                break
        api.memo["tax rates"] = found
    known: list[Json] = api.memo["tax rates"]
    return known


def currency_of(api: Api) -> str | None:
    """What the account keeps its prices in; None when it does not say."""
    if "currency" not in api.memo:
        try:
            answer = api.get("/account-info/v3/details")
        except (AuthenticationError, ConfigurationError, RecordError):
            answer = None  # a token that may not ask
        found = answer.get("companyCurrency") if isinstance(answer, dict) else None
        api.memo["currency"] = str(found) if found else None
    known: str | None = api.memo["currency"]
    return known


def vat_codes(api: Api) -> Iterator[Option]:
    """Tax rates of lines. HubSpot puts them on top of the price."""
    for rate in tax_rates(api):
        shown = f"{Decimal(str(rate.get('percentageRate') or 0)).normalize():f}"
        name = rate.get("label") or rate.get("name") or rate["id"]
        data = {"rate": shown, "prices": api.settings.prices}
        yield Option(value=str(rate["id"]), label=f"{name} ({shown}%)", data=data)


def _pipelines(kind: str) -> Any:
    def fetch(api: Api) -> Iterator[Option]:
        for pipeline in pipelines(api, kind):
            yield Option(value=str(pipeline["id"]), label=str(pipeline.get("label")))

    return fetch


def _stages(*kinds: str) -> Any:
    def fetch(api: Api) -> Iterator[Option]:
        seen = set()
        for kind in kinds:
            for pipeline, stage in stages(api, kind):
                if stage["id"] in seen:
                    continue
                seen.add(stage["id"])
                shown = label(pipeline, stage)
                if len(kinds) > 1:
                    shown = f"{'Order' if kind == 'orders' else 'Deal'}: {shown}"
                data = {"pipeline": pipeline["id"], "state": state(stage)}
                yield Option(value=str(stage["id"]), label=shown, data=data)

    return fetch


def _options(kind: str, name: str) -> Any:
    def fetch(api: Api) -> Iterator[Option]:
        definition = definitions(api, kind).get(name) or {}
        for option in definition.get("options") or ():
            if not option.get("hidden"):
                value = str(option["value"])
                yield Option(value=value, label=str(option.get("label") or value))

    return fetch


def debtors(api: Api) -> Iterator[Option]:
    """The companies, then the contacts, that were changed last: two hundred of each."""
    for kind, prefix, names in (
        ("companies", "company-", ("name",)),
        ("contacts", "contact-", ("firstname", "lastname", "email")),
    ):
        by = "hs_lastmodifieddate" if kind == "companies" else "lastmodifieddate"
        body: Json = {
            "filterGroups": [{"filters": [condition(names[-1], "HAS_PROPERTY")]}],
            "sorts": [{"propertyName": by, "direction": "DESCENDING"}],
            "properties": list(names),
            "limit": 200,
        }
        records, _ = search(api, kind, body)
        for record in records:
            own = record["properties"]
            shown = " ".join(str(own[n]) for n in names if own.get(n)) or record["id"]
            yield Option(value=f"{prefix}{record['id']}", label=shown)


def line_properties(api: Api) -> Iterator[Option]:
    """Properties of line items."""
    for name, one in definitions(api, "line_items").items():
        yield Option(value=name, label=f"{one.get('label') or name} ({name})")


def source_stores(api: Api) -> Iterator[Option]:
    """The stores that orders came from, out of those that were changed last."""
    body: Json = {
        "filterGroups": [{"filters": [condition("hs_source_store", "HAS_PROPERTY")]}],
        "sorts": [{"propertyName": "hs_lastmodifieddate", "direction": "DESCENDING"}],
        "properties": ["hs_source_store"],
        "limit": 200,
    }
    records, _ = search(api, "orders", body)
    for store in dict.fromkeys(str(r["properties"]["hs_source_store"]) for r in records):
        yield Option(value=store, label=store)


def product_attributes(api: Api) -> Iterator[Option]:
    """Custom properties of products: what else can be said of one."""
    for one in custom(api, "products"):
        yield Option(value=str(one["name"]), label=str(one.get("label") or one["name"]))


LOOKUPS = (
    Lookup("order_statuses", "Stages of orders and deals", _stages("orders", "deals")),
    Lookup("order_pipelines", "Order pipelines", _pipelines("orders")),
    Lookup("order_stages", "Order stages", _stages("orders")),
    Lookup("deal_pipelines", "Deal pipelines", _pipelines("deals")),
    Lookup("deal_stages", "Deal stages", _stages("deals")),
    Lookup("vat_codes", "Tax rates", vat_codes),
    Lookup("debtors", "Companies and contacts", debtors),
    Lookup("lifecycle_stages", "Lifecycle stages", _options("contacts", "lifecyclestage")),
    Lookup("product_types", "Types of product", _options("products", "hs_product_type")),
    Lookup("invoice_statuses", "Invoice statuses", _options("invoices", "hs_invoice_status")),
    Lookup("source_stores", "Source stores", source_stores),
    Lookup("line_properties", "Properties of line items", line_properties),
    Lookup("product_attributes", "Custom properties of products", product_attributes),
)
