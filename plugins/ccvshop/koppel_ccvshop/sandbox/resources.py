"""Which path of the pretend shop's API is answered by what, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .accounts import Accounts
from .asked import Asked, Refused
from .assortment import Assortment
from .data import Data
from .extras import Extras
from .goods import JSON, words
from .sales import Sales
from .shelves import Shelves
from .shop import Shop

#: Every resource of the API that this sandbox does not play.
OTHERS = frozenset(
    words(
        "affiliatenetworks appcodeblocks apppsp apppsppaymethods apps appstorecategories "
        "attributecombinationphotos categoryproductlayouts colors conditions credentials "
        "creditpointmutations creditpoints dashboardblocks dashboards disabledpaymethods "
        "discountcoupons invoicelabels invoicenotifications labels mailingaddresses "
        "mailinglists marktplaatscategories orderaffiliatenetworks orderlabels ordermessages "
        "ordernotes ordernotifications orderrowattributevalues productattachments "
        "productattributesets productkeywords productlabels productrelevant productreviews "
        "productshippingcosts productstaggeredprices producttaxtariffexceptions "
        "productvariations productvideos quotationrows quotations redirects returnrows returns "
        "servicecategories services suppliers takeoutslots translations usercategoryadjustments "
        "usergroupcategoryadjustments usergroupproductadjustments "
        "usergroupstaggeredpriceadjustments userproductadjustments "
        "userstaggeredpriceadjustments webhooks"
    )
)

#: Writing that the vendor offers on what is played here, besides what is played.
WRITES = {
    "POST": words("orders orders/#/invoices usergroups packages languages"),
    "PATCH": words("usergroups/# brands/# packages/# orderrows/# attributes/# attributevalues/#"),
    "PUT": words("orders/#/orderrows webshops/#/settings"),
    "DELETE": words("users/# usergroups/# brands/# attributes/# attributevalues/# categories/#"),
}


class Resources:
    """Answers a method and a path with a status and a body."""

    def __init__(
        self,
        shop: Shop,
        *,
        prices_include_vat: bool,
        products: int = 0,
        variants: int = 0,
        product_limit: int = -1,
    ) -> None:
        self.goods = Assortment(shop.until, prices_include_vat, products, variants)
        self.extras = Extras(self.goods)
        self.accounts = Accounts(shop)
        parts = (
            Data(prices_include_vat, product_limit),
            Shelves(self.goods, self.extras, product_limit),
            self.extras,
            self.accounts,
            Sales(shop),
        )
        self.routes: dict[str, Callable[..., JSON]] = {"": self._root}
        self.writes: dict[tuple[str, str], Callable[..., tuple[int, Any]]] = {}
        for part in parts:
            self.routes |= part.routes
            self.writes |= getattr(part, "writes", {})
        paths = [*self.routes, *(route for _, route in self.writes)]
        self.offered = {route for _, route in self.writes}.union(*WRITES.values())
        self.played = {part for route in paths for part in route.split("/")} - {"", "#"}

    def resource(self, path: list[str]) -> str:
        """The name that a path's limit is counted under."""
        names = [part for part in path if not part.isdigit()]
        for name in names:
            if name not in self.played and name not in OTHERS:
                raise Refused(404, "404.20", "The resource name is invalid.")
        return names[-1] if names else ""

    def answer(self, method: str, path: list[str], asked: Asked) -> tuple[int, Any]:
        """The status and the body, None for an empty one."""
        route = "/".join("#" if part.isdigit() else part for part in path)
        ids = [int(part) for part in path if part.isdigit()]
        if (method, route) in self.writes:
            return self.writes[method, route](asked, *ids)
        if route not in self.routes:
            if any(part in OTHERS for part in path):
                raise Refused(501, "501.20", "Resource not implemented in this sandbox.")
            if route in WRITES.get(method, ()):
                raise Refused(501, "501.10", "Method not implemented in this sandbox.")
            if route in self.offered:
                raise Refused(405, "405.10", "Method Not Allowed")
            raise Refused(404, "404.20", "The resource name is invalid.")
        if method == "GET":
            return 200, self.routes[route](asked, *ids)
        if route not in WRITES[method]:
            raise Refused(405, "405.10", "Method Not Allowed")
        raise Refused(501, "501.10", "Method not implemented in this sandbox.")

    def _root(self, asked: Asked) -> JSON:
        names = sorted(route for route in self.routes if route and "#" not in route)
        return asked.all({"name": name, "href": f"{asked.at}/{name}/"} for name in names)
