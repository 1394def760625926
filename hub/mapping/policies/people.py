"""Who the order is for: company or person, whole addresses, and the default debtor."""

from __future__ import annotations

from dataclasses import replace

from hub.mapping.address import join_line, split_line
from hub.mapping.countries import country_code
from hub.mapping.policies.facts import Facts
from hub.mapping.policies.people_books import book_customer
from hub.mapping.settings import CustomerBooks, SaleSettings
from hub.model import Address, Contact, Customer, Order

_PLACE = ("line1", "street", "postal_code", "city")


def adjust_customer(
    customer: Customer, settings: CustomerBooks | None = None, facts: Facts | None = None
) -> tuple[Customer, list[str]]:
    """A company with its contact person, or a person; addresses with line and parts.

    With a company name it is a company, else a person. settings: also give it what the books need
    to know. The customer given is not changed. Raises Blocked when a table lacks a row.
    """
    customer = replace(customer, billing=whole(customer.billing), delivery=whole(customer.delivery))
    company = customer.company or customer.billing.company
    full_name = " ".join(
        part for part in (customer.first_name, customer.middle_name, customer.last_name) if part
    )
    if company:
        customer.type, customer.company, customer.name = "company", company, company
        if not customer.contacts and (customer.last_name or customer.first_name):
            customer.contacts = [
                Contact(
                    first_name=customer.first_name,
                    middle_name=customer.middle_name,
                    last_name=customer.last_name,
                    initials=customer.initials,
                    gender=customer.gender,
                    email=customer.email,
                    phone=customer.phone,
                    mobile=customer.mobile,
                )
            ]
    else:
        customer.type = "person"
        customer.name = full_name or customer.name or customer.billing.name or customer.email
        if not customer.last_name and not customer.first_name:
            customer.last_name = customer.name
    if not _placed(customer.delivery):
        customer.delivery = replace(customer.billing)
    notes = [
        f"The address “{address.line1}” was not split: its house number is not certain."
        for address in (customer.billing, customer.delivery)
        if address.unsure and address.line1
    ]
    if company and customer.contacts:
        who = customer.contacts[0]
        named = " ".join(filter(None, (who.first_name, who.middle_name, who.last_name)))
        notes += [f"{company} is a company; its contact person is {named}"] if named else []
    if settings is not None:
        notes += book_customer(customer, settings, facts or Facts())
    return customer, list(dict.fromkeys(notes))


def fill_addresses(order: Order, settings: SaleSettings, facts: Facts) -> list[str]:
    """Complete the order's addresses from the customer's and the other way round."""
    if not _placed(order.billing):
        order.billing = replace(order.customer.billing)
    if not _placed(order.customer.billing):
        order.customer.billing = replace(order.billing)
    if not _placed(order.delivery):
        order.delivery = replace(
            order.customer.delivery if _placed(order.customer.delivery) else order.billing
        )
    if not _placed(order.customer.delivery):
        order.customer.delivery = replace(order.delivery)
    order.billing, order.delivery = whole(order.billing), whole(order.delivery)
    books = None if _default_debtor(order, settings) else settings
    order.customer, notes = adjust_customer(order.customer, books, facts)
    for address in (order.billing, order.delivery):
        if not address.name and not address.company:
            address.name = order.customer.name
    return notes


def choose_debtor(order: Order, settings: SaleSettings, facts: Facts) -> list[str]:
    """Book on the default debtor: always, or when the order names no customer."""
    why = _default_debtor(order, settings)
    if not why:
        return []
    order.debtor = settings.default_debtor
    return [f"Booked on the default debtor {order.debtor}{why}"]


def _default_debtor(order: Order, settings: SaleSettings) -> str:
    """Why the order is for the default debtor; "" when it is not."""
    if not settings.default_debtor:
        return ""
    if settings.default_debtor_use == "always":
        return ", as the flow says for all orders"
    customer = order.customer
    by_email = settings.customer_match == "email"
    known = customer.email if by_email else customer.reference or customer.number
    return "" if known else ": the order names no customer"


def whole(address: Address) -> Address:
    """The address with its line and its parts, as far as they can be told from each other.

    A line that can be read in two ways becomes the street as it is, and is marked `unsure`.
    """
    address = replace(address)
    if address.country:
        address.country = country_code(address.country) or address.country.strip().upper()
    if address.street and address.house_number:
        _split_number(address)
        address.line1 = address.line1 or join_line(
            address.street,
            address.house_number,
            address.house_number_suffix,
            address.country,
        )
        return address
    address.line1 = address.line1 or address.street
    if address.line1:
        split = split_line(address.line1, address.country)
        address.street = split.street
        address.house_number = split.number
        address.house_number_suffix = split.suffix
        address.unsure = None if split.sure else True
    return address


def _split_number(address: Address) -> None:
    """A number that came with its suffix ("12 bis") is taken apart."""
    number = (address.house_number or "").strip()
    if number.isdigit() or address.house_number_suffix:
        return
    split = split_line(f"{address.street} {number}", address.country)
    if split.sure and split.street == address.street and split.number:
        address.house_number, address.house_number_suffix = split.number, split.suffix


def _placed(address: Address) -> bool:
    return any(getattr(address, part) for part in _PLACE)
