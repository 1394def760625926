"""What the pretend shop answers about orders, their rows and their invoices."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from .asked import Asked, Refused, missing
from .goods import JSON, words
from .schemas import INVOICE_PATCH, ORDER_PATCH, same
from .shop import FIRST_CREDIT, FIRST_INVOICE, FIRST_ROW, ROWS_PER_ORDER, Brief, Shop


class Sales:
    """Orders and invoices; both can be patched."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.routes: dict[str, Callable[..., JSON]] = {
            "orders": self._orders,
            "orders/#": self._order,
            "orders/#/orderrows": self._orderrows,
            "orderrows/#": self._orderrow,
            "invoices": self._invoices,
            "invoices/#": self._invoice,
            "invoices/#/invoicerows": self._invoicerows,
        }
        self.writes: dict[tuple[str, str], Callable[..., tuple[int, None]]] = {
            ("PATCH", "orders/#"): self._patch_order,
            ("PATCH", "invoices/#"): self._patch_invoice,
        }

    # -- orders --------------------------------------------------------------------------------

    def _orders(self, asked: Asked) -> JSON:
        asked.only(
            *("start", "size", "orderby", "ordernumber", "status", "is_paid", "deliver_date"),
            *("take_out_date", "min_create_date", "max_create_date", "is_completed"),
            *("paymethod_id", "transaction_id"),
        )
        completed = asked.flag("is_completed")
        wanted = {
            "number": asked.number("ordernumber"),
            "status": asked.number("status"),
            "paid": asked.flag("is_paid"),
            "completed": True if completed is None else completed,
            "paymethod_id": asked.number("paymethod_id"),
            "transaction_id": asked.query.get("transaction_id"),
        }
        wanted = {name: value for name, value in wanted.items() if value is not None}
        first, last = asked.moment("min_create_date"), asked.moment("max_create_date")
        dated = asked.moment("deliver_date") or asked.moment("take_out_date")
        found = [
            brief
            for brief in self.shop.briefs()
            if all(getattr(brief, name) == value for name, value in wanted.items())
            and (first is None or brief.created >= first)
            and (last is None or brief.created <= last)
            and dated is None  # no seeded order has a date of delivery
        ]
        by: dict[str, Callable[[Brief], Any]] = {
            "id": lambda b: b.id,
            "ordernumber": lambda b: b.number,
            "create_date": lambda b: (b.created, b.id),
            "deliver_date": lambda b: b.id,
        }
        found = asked.ordered(found, by)
        return asked.paged(found, lambda brief: self._order(asked, brief.id))

    def _order(self, asked: Asked, own: int) -> JSON:
        order, _ = self.shop.order(self._index(own))
        href = f"{asked.at}/orders/{own}/"
        links = words(
            "orderrows ordernotes ordermessages ordernotifications orderaffiliatenetworks "
            "orderlabels invoices"
        )
        shown = {"href": href, **order, **{name: {"href": f"{href}{name}/"} for name in links}}
        if order["user"]["id"] is not None:
            shown["user"] = {**order["user"], "href": f"{asked.at}/users/{order['user']['id']}/"}
        return shown

    def _index(self, own: int) -> int:
        index = self.shop.index_of(own)
        if index is None:
            raise missing("orders", own)
        return index

    def _orderrows(self, asked: Asked, own: int) -> JSON:
        asked.only("start", "size")
        _, rows = self.shop.order(self._index(own))
        return asked.paged(rows, lambda row: self._show_row(asked, row))

    def _orderrow(self, asked: Asked, own: int) -> JSON:
        index, _ = divmod(own - FIRST_ROW, ROWS_PER_ORDER)
        if 0 <= index < len(self.shop):
            for row in self.shop.order(index)[1]:
                if row["id"] == own:
                    return self._show_row(asked, row)
        raise missing("orderrows", own)

    def _show_row(self, asked: Asked, row: JSON) -> JSON:
        shown = {"href": f"{asked.at}/orderrows/{row['id']}/", **row}
        product_id = row["product_id"]
        shown["product_href"] = f"{asked.at}/products/{product_id}/" if product_id else None
        shown["parent"] = {"href": f"{asked.at}/orders/{row['order_id']}/"}
        return shown

    def _patch_order(self, asked: Asked, own: int) -> tuple[int, None]:
        """Write to an order; 204, or refused."""
        self._index(own)
        values = ORDER_PATCH.check(asked.json())
        if values.keys() & {"customer", "orderrows"}:
            raise Refused(
                501, "501.10", "customer and orderrows are not implemented in this sandbox."
            )
        kept = {k: v for k, v in values.items() if k not in ("note", "mail", "takeoutslot")}
        if not self.shop.change(own, kept) and len(kept) == len(values):
            raise same()
        return 204, None

    # -- invoices ------------------------------------------------------------------------------

    def _invoices(self, asked: Asked) -> JSON:
        asked.only(
            *("start", "size", "orderby", "invoicenumber", "invoicenumber_full", "ordernumber"),
            *("ordernumber_full", "status", "min_create_date", "max_create_date"),
        )
        first, last = asked.moment("min_create_date"), asked.moment("max_create_date")
        exact = ("invoicenumber", "invoicenumber_full", "ordernumber", "ordernumber_full", "status")
        wanted = {name: asked.query[name] for name in exact if name in asked.query}
        found = [
            (own, brief)
            for brief in self.shop.briefs()
            for own in self._ids(brief)
            if not (first and self._made(own, brief) < first)
            and not (last and self._made(own, brief) > last)
            and self._is(own, wanted)
        ]
        by: dict[str, Callable[[tuple[int, Brief]], Any]] = {
            **dict.fromkeys(("id", "invoicenumber", "ordernumber"), lambda b: b[0]),
            "create_date": lambda b: (b[1].created, b[0]),
        }
        found = asked.ordered(found, by)
        return asked.paged(found, lambda one: self._invoice(asked, one[0]))

    def _ids(self, brief: Brief) -> list[int]:
        """The invoices of an order."""
        if not self.shop.is_invoiced(brief):
            return []
        credits = [FIRST_CREDIT + brief.index] if self.shop.is_credited(brief) else []
        return [FIRST_INVOICE + brief.index, *credits]

    def _made(self, own: int, brief: Brief) -> datetime:
        """When an invoice was made: with its order, or a credit invoice later."""
        credit = self.shop.credits.get(brief.index) if own >= FIRST_CREDIT else None
        return credit[0] if credit else brief.created

    def _is(self, own: int, wanted: dict[str, str]) -> bool:
        if not wanted:
            return True
        invoice, _ = self._invoice_rows(own)
        return all(str(invoice[name]) == value for name, value in wanted.items())

    def _invoice_rows(self, own: int) -> tuple[JSON, list[JSON]]:
        index = _index_of(own)
        briefs = self.shop.briefs()
        if not 0 <= index < len(briefs) or own not in self._ids(briefs[index]):
            raise missing("invoices", own)
        return self.shop.credit(index) if own >= FIRST_CREDIT else self.shop.invoice(index)

    def _invoice(self, asked: Asked, own: int) -> JSON:
        invoice, _ = self._invoice_rows(own)
        href = f"{asked.at}/invoices/{own}/"
        return {
            "href": href,
            **invoice,
            "deeplink": f"{href}pdf",
            "download_link": f"{href}pdf",
            "order": f"{asked.at}/orders/{Shop.order_id(_index_of(own))}/",
            "invoicerows": {"href": f"{href}invoicerows/"},
            "invoicenotifications": {"href": f"{href}invoicenotifications/"},
        }

    def _patch_invoice(self, asked: Asked, own: int) -> tuple[int, None]:
        before = self._invoice(asked, own)
        values = INVOICE_PATCH.check(asked.json(), patch=True)
        if all(before[name] == value for name, value in values.items()):
            raise same()
        self.shop.change_invoice(own, values)
        return 204, None

    def _invoicerows(self, asked: Asked, own: int) -> JSON:
        asked.only("start", "size")
        _, rows = self._invoice_rows(own)

        def show(row: JSON) -> JSON:
            links = {"orderrow": {"href": f"{asked.at}/orderrows/{row['id']}/"}}
            parent = {"href": f"{asked.at}/invoices/{own}/"}
            return {
                "href": f"{asked.at}/invoicerows/{row['id']}/",
                **row,
                **links,
                "parent": parent,
            }

        return asked.paged(rows, show)


def _index_of(invoice_id: int) -> int:
    return invoice_id - (FIRST_CREDIT if invoice_id >= FIRST_CREDIT else FIRST_INVOICE)
