"""What goes wrong over there: each record fails by itself, in HubSpot's own words."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from koppel_hubspot import hubspot
from koppel_hubspot.forms import DealsFilter, OrdersFilter, OrdersSettings
from koppel_hubspot.sandbox import ORDER_PIPELINE, ORDER_STAGES
from koppel_hubspot.schema import REFERENCE

from hub.model import Line
from hub.sdk import (
    AuthenticationError,
    ConfigurationError,
    Query,
    RecordError,
    UnknownOutcome,
    Written,
)

from .conftest import Open, created, effects, records, rendered, understood, updated
from .samples import company, contact, order, person, product, shirt


def failed(results: list[Written | RecordError]) -> list[RecordError]:
    return [result for result in results if isinstance(result, RecordError)]


# -- one poisoned record of a hundred --------------------------------------------------------------


@pytest.mark.parametrize("whole", [False, True], ids=["one is told", "the whole batch is refused"])
def test_of_a_hundred_products_one_is_refused_and_99_arrive(opened: Open, whole: bool) -> None:
    account = opened()
    created(account, "products", [product(0)])
    if whole:
        _refuse_whole_batches(account.app)
    documents = [product(n) for n in range(1, 101)]
    documents[41].price = Decimal("-3")
    results = created(account, "products", documents)
    (error,) = failed(results)
    assert error is results[41]
    assert "must not be negative" in str(error)
    assert error.field == "properties.price"
    skus = {record["properties"]["hs_sku"] for record in account.of("products")}
    assert {f"NEW-{n:05d}" for n in range(101)} - skus == {"NEW-00042"}


def _refuse_whole_batches(app: Any) -> None:
    """As an account that does not know marks on the records of a batch."""
    import io
    import json

    inner = app.wsgi_app

    def without_marks(environ: Any, start: Any) -> Any:
        if "/batch/" in environ["PATH_INFO"] and environ["REQUEST_METHOD"] == "POST":
            body = json.loads(environ["wsgi.input"].read())
            for one in body.get("inputs", ()):
                one.pop("objectWriteTraceId", None)
            sent = json.dumps(body).encode()
            environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(sent), str(len(sent))
        return inner(environ, start)

    app.wsgi_app = without_marks


def test_of_a_hundred_customers_one_has_an_address_that_hubspot_refuses(opened: Open) -> None:
    account = opened()
    documents = [person(n) for n in range(100)]
    documents[7].email = "anna@bakkerij.invalid"
    results = created(account, "customers", documents)
    (error,) = failed(results)
    assert error is results[7]
    assert "Email address anna@bakkerij.invalid is invalid" in str(error)
    assert error.field == "contact.properties.email"
    assert len(account.of("contacts")) == 99


def test_a_line_that_is_refused_fails_its_order_alone_and_names_the_line(opened: Open) -> None:
    account = opened()
    documents = [order(n, 2) for n in range(10)]
    documents[3].lines[1].item = "123456"
    results = created(account, "orders", documents)
    (error,) = failed(results)
    assert error is results[3]
    assert "Line 2 (BEL-DINGDONG)" in str(error)
    assert "Product 123456 does not exist" in str(error)
    assert error.field == "lines[1].properties.hs_product_id"
    assert len(account.of("orders")) == 9


def test_the_other_records_of_a_batch_are_told_apart_by_their_values(opened: Open) -> None:
    """HubSpot answers in any order, and need not repeat our marks."""
    account = opened()
    results = created(account, "products", [product(n) for n in range(60)])
    for n, result in enumerate(results):
        assert isinstance(result, Written)
        assert account.store.objects["products"][result.key]["properties"]["hs_sku"] == (
            f"NEW-{n:05d}"
        )


# -- what was deleted meanwhile --------------------------------------------------------------------


def test_a_property_deleted_between_plan_and_run_fails_in_hubspots_words(opened: Open) -> None:
    account = opened()
    entity = hubspot.entity("products")
    payload = rendered(entity, product(1))
    payload["properties"]["kleur_maat"] = "rood"
    with pytest.raises(RecordError, match='Property "kleur_maat" does not exist') as caught:
        entity.create(account.api, payload, effects(1)[0])
    assert caught.value.field == "properties.kleur_maat"
    assert caught.value.code == "property_doesnt_exist"


def test_a_property_of_our_own_that_was_deleted_is_made_anew(opened: Open) -> None:
    account = opened()
    created(account, "orders", [order(1)])
    account.bare.delete("/_sandbox/properties/orders/hub_external_id")
    account.reset()
    (result,) = created(account, "orders", [order(2)])
    assert isinstance(result, Written)
    assert account.store.known["orders"][REFERENCE].unique


def test_a_pipeline_that_no_longer_exists_stops_the_flow_and_names_the_setting(
    opened: Open,
) -> None:
    account = opened(contacts=4, deals=3)
    account.bare.delete("/_sandbox/pipelines/deals/2220863724")
    for record in account.of("deals", pipeline="2220863724"):
        account.store.archive("deals", record["id"])
    wanted = DealsFilter(pipeline="2220863724", stages=["2220863726"])
    with pytest.raises(ConfigurationError, match="2220863724 does not exist") as caught:
        records(account, "deals", filter=wanted)
    assert caught.value.setting == "pipeline"


def test_a_stage_that_no_longer_exists_stops_the_flow_and_names_the_setting(opened: Open) -> None:
    account = opened(contacts=4, orders=3)
    with pytest.raises(ConfigurationError, match="stage 4711 does not exist") as caught:
        records(account, "orders", filter=OrdersFilter(stages=["4711"]))
    assert caught.value.setting == "stages"


def test_a_stage_of_another_pipeline_than_the_chosen_one_is_a_mistake(opened: Open) -> None:
    account = opened(contacts=4, deals=3)
    wanted = DealsFilter(pipeline="default", stages=["2220863726"])
    with pytest.raises(ConfigurationError, match="belongs to another pipeline"):
        records(account, "deals", filter=wanted)


def test_an_order_of_a_stage_that_is_gone_is_told_before_anything_is_made(opened: Open) -> None:
    account = opened()
    settings = OrdersSettings(new_pipeline=ORDER_PIPELINE, new_stage="closedwon")
    (error,) = failed(created(account, "orders", [order(1)], settings))
    assert "stage closedwon does not exist" in str(error)
    assert "Order Pipeline / Processed" in str(error), "which there are"
    assert account.of("line_items") == account.of("orders") == []


@pytest.mark.parametrize("without_unique", [(), ("line_items",)])
def test_an_order_that_hubspot_refuses_leaves_no_lines_that_belong_to_nothing(
    opened: Open, without_unique: tuple[str, ...]
) -> None:
    account = opened(without_unique=without_unique)
    (error,) = failed(created(account, "orders", [order(1, 3, currency="ZZZ")]))
    assert "ZZZ" in str(error)
    assert account.of("line_items") == account.of("orders") == []
    assert [type(r) for r in created(account, "orders", [order(1, 3)])] == [Written]
    assert len(account.of("line_items")) == 3


def test_a_token_that_is_revoked_in_the_middle_of_a_run_stops_it(opened: Open) -> None:
    account = opened(contacts=2400)
    pages = hubspot.entity("customers").read(account.api, Query(settings=account.api.settings))
    assert next(pages).records
    account.bare.post("/_sandbox/access", json={"do": "revoke"})
    with pytest.raises(AuthenticationError, match="does not accept the token") as caught:
        next(pages)
    assert caught.value.setting == "access_token"
    with pytest.raises(AuthenticationError):
        created(account, "customers", [person(1)])


def test_a_scope_that_is_lacking_is_named(opened: Open) -> None:
    account = opened(missing_scopes=["crm.schemas.orders.write"])
    with pytest.raises(ConfigurationError, match=r"lacks the scope crm\.schemas\.orders\.write"):
        created(account, "orders", [order(1)])


def test_without_leave_to_make_properties_the_missing_one_is_named(opened: Open) -> None:
    account = opened(settings={"create_properties": False})
    with pytest.raises(ConfigurationError, match="no property hub_line_id of line_items") as caught:
        created(account, "orders", [order(1)])
    assert caught.value.setting == "create_properties"


# -- two with one address, and companies without a domain ------------------------------------------


def test_two_debtors_with_one_address_are_told_and_none_is_overwritten(opened: Open) -> None:
    account = opened()
    first, second = person(1), person(2, email="anna1@example.com")
    results = created(account, "customers", [first, second])
    assert isinstance(results[0], Written)
    (error,) = failed(results)
    assert "anna1@example.com belongs to customer 20001" in str(error)
    assert "this is customer 20002" in str(error)
    assert error.code == "shared_email"
    (kept,) = account.of("contacts")
    assert kept["properties"]["lastname"] == "Jansen 1"
    # The same a page later, when the first one is found by its address.
    found = hubspot.entity("customers").find(account.api, "email", ["anna1@example.com"])
    key = found["anna1@example.com"]["id"]
    (error,) = failed(updated(account, "customers", [(key, second)]))
    assert error.code == "shared_email"
    assert account.of("contacts")[0]["properties"]["lastname"] == "Jansen 1"


def test_two_companies_with_one_address_share_the_contact(opened: Open) -> None:
    account = opened()
    shared = contact(1, email="administratie@groep.example.com")
    results = created(account, "customers", [company(1, shared), company(2, shared)])
    assert not failed(results)
    assert len(account.of("companies")) == 2
    (person_there,) = account.of("contacts")
    tied = account.store.tied("contacts", person_there["id"], "companies")
    assert len(tied) == 2
    assert sum(1 in types for _, types in tied) == 1  # a contact has one primary company


def test_a_company_without_a_domain_is_made_and_found_by_its_number(opened: Open) -> None:
    account = opened()
    document = company(1)
    document.email, document.contacts, document.website = None, [], None
    (result,) = created(account, "customers", [document])
    assert isinstance(result, Written)
    (kept,) = account.of("companies")
    assert not kept["properties"].get("domain")
    found = hubspot.entity("customers").find(account.api, "number", ["50001"])
    assert found["50001"]["id"] == result.key


def test_a_contact_that_search_did_not_tell_of_is_a_match(opened: Open) -> None:
    """A 409 that names an existing record is no error."""
    account = opened()
    there = account.store.create("contacts", {"email": "anna1@example.com", "lastname": "Oud"})
    (result,) = created(account, "customers", [person(1)])
    assert isinstance(result, Written)
    assert result.key == f"contact-{there['id']}"
    assert account.of("contacts")[0]["properties"]["lastname"] == "Jansen 1"


def test_an_order_that_is_there_already_is_a_match(opened: Open) -> None:
    account = opened()
    (first,) = created(account, "orders", [order(1, 2)])
    (again,) = created(account, "orders", [order(1, 2)])
    assert isinstance(first, Written)
    assert isinstance(again, Written)
    assert again.key == first.key
    assert len(account.of("orders")) == 1
    assert len(account.of("line_items")) == 2


# -- broken connections ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
@pytest.mark.parametrize("path", ["line_items/batch/upsert", "orders/batch/create"])
def test_a_dropped_answer_leaves_one_whole_order(opened: Open, kind: Any, path: str) -> None:
    account = opened()
    created(account, "orders", [order(0)])
    account.sandbox.fault(kind, path=path, times=1)
    entity, payload = hubspot.entity("orders"), rendered(hubspot.entity("orders"), order(1, 3))
    effect = effects(1)[0]
    with suppress(UnknownOutcome):
        entity.create(account.api, payload, effect)
    if not entity.find(account.api, "reference", ["WEB-900001"]):
        entity.create(account.api, payload, effect)
    (kept,) = account.of("orders", hs_external_order_id="900001")
    assert len(account.store.tied("orders", kept["id"], "line_items")) == 3
    assert len(account.of("line_items")) == 4


def test_a_company_whose_answer_was_dropped_is_made_once(opened: Open) -> None:
    account = opened()
    document = company(1)
    document.number = document.reference = None
    entity = hubspot.entity("customers")
    created(account, "customers", [company(9)])
    account.sandbox.fault("drop_after", path="contacts/batch/create", times=1)
    payload, effect = rendered(entity, document), effects(1)[0]
    with pytest.raises(UnknownOutcome):
        entity.create(account.api, payload, effect)
    entity.create(account.api, payload, effect)
    assert len(account.of("companies", name="Bakkerij 1 B.V.")) == 1
    assert len(account.of("contacts")) == 2


# -- hostile values --------------------------------------------------------------------------------


def test_two_variants_with_one_sku_are_told(opened: Open) -> None:
    account = opened()
    results = created(account, "products", [shirt("S-1", "S-2", "s-1"), product(1)])
    (error,) = failed(results)
    assert error is results[0]
    assert "SKU s-1 occurs twice" in str(error)
    assert error.field == "variants[2].sku"
    assert not account.of("products", hs_sku="S-1")


def test_a_product_without_sku_is_told(opened: Open) -> None:
    (error,) = failed(created(opened(), "products", [product(1, sku=None)]))
    assert error.code == "no_sku"


def test_names_of_every_script_come_back_as_they_went(opened: Open) -> None:
    account = opened()
    name = "عجلة 🚲 Ω “Zeewind” <b>&amp;</b>"
    (result,) = created(account, "products", [product(1, name=name)])
    assert isinstance(result, Written)
    entity = hubspot.entity("products")
    assert understood(entity, entity.get(account.api, [result.key])[result.key]).name == name


def test_a_price_beyond_all_measure_is_refused_by_hubspot(opened: Open) -> None:
    account = opened()
    entity = hubspot.entity("products")
    payload = rendered(entity, product(1))
    payload["properties"]["price"] = Decimal("1e400")
    with pytest.raises(RecordError, match="was not a valid number"):
        entity.create(account.api, payload, effects(1)[0])


def test_an_order_without_lines_is_made(opened: Open) -> None:
    account = opened()
    document = order(1)
    document.lines = []
    (result,) = created(account, "orders", [document])
    assert isinstance(result, Written)


def test_equal_lines_of_an_order_stay_two(opened: Open) -> None:
    """HubSpot takes equal inputs of a batch for one."""
    account = opened()
    created(account, "orders", [order(1, 2)])
    (kept,) = account.of("orders")
    assert len(account.store.tied("orders", kept["id"], "line_items")) == 2


def test_a_debtor_that_is_none_of_hubspots_blocks_the_order(opened: Open) -> None:
    document = order(1)
    document.debtor = "20045"
    (error,) = failed(created(opened(), "orders", [document]))
    assert "20045 is no customer in HubSpot" in str(error)
    assert error.fix == "default_debtor"


def test_a_customer_that_was_deleted_meanwhile_is_named(opened: Open) -> None:
    account = opened()
    (made,) = created(account, "customers", [person(1)])
    assert isinstance(made, Written)
    account.store.archive("contacts", made.key.partition("-")[2])
    document = order(1)
    document.debtor = made.key
    (error,) = failed(created(account, "orders", [document]))
    assert f"contact {made.key.partition('-')[2]}: was that deleted" in str(error)
    document.debtor = None
    assert not failed(created(account, "orders", [document]))  # and its lines are used again
    assert len(account.of("line_items")) == 1


def test_a_discount_line_has_no_negative_price(opened: Open) -> None:
    account = opened()
    document = order(1)
    off = Line(kind="discount", name="Korting", quantity=Decimal(1), unit_price=Decimal("-2.50"))
    document.lines.append(off)
    created(account, "orders", [document])
    (line,) = account.of("line_items", name="Korting")
    assert (line["properties"]["price"], line["properties"]["quantity"]) == ("2.50", "-1")
    assert line["properties"]["amount"] == "-2.50"


def test_stages_are_offered_with_their_pipeline(opened: Open) -> None:
    account = opened()
    lookup = hubspot.lookup("order_statuses")
    assert lookup is not None
    shown = {option.value: option.label for option in lookup.fetch(account.api)}
    assert shown[ORDER_STAGES["Shipped"]] == "Order: Order Pipeline / Shipped"
    assert shown["2220863726"] == "Deal: Webshop / Paid"
