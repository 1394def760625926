"""Which path of the pretend shop's API is answered by what, and what is refused."""

from __future__ import annotations

from typing import Any

from .asked import Asked, Refused
from .data import Data
from .goods import JSON, words
from .sales import Sales
from .shop import Shop

#: Every resource of the API that this sandbox does not play.
OTHERS = frozenset(
    words(
        "affiliatenetworks appcodeblocks apppsp apppsppaymethods apps appstorecategories "
        "attributecombinationphotos attributes attributevalues categories "
        "categoryproductlayouts categorytree colors conditions credentials "
        "creditpointmutations creditpoints dashboardblocks dashboards disabledpaymethods "
        "discountcoupons invoicelabels invoicenotifications labels mailingaddresses "
        "mailinglists marktplaatscategories orderaffiliatenetworks orderlabels ordermessages "
        "ordernotes ordernotifications orderrowattributevalues productattachments "
        "productattributesets productattributevalues productkeywords productlabels "
        "productphotos productproperties productpropertygroups productpropertyoptions "
        "productpropertyvalues productrelevant productreviews productshippingcosts "
        "productstaggeredprices producttaxtariffexceptions producttocategories "
        "producttopropertygroups productvariations productvideos quotationrows quotations "
        "redirects returnrows returns servicecategories services suppliers takeoutslots "
        "translations usercategoryadjustments usergroupcategoryadjustments "
        "usergroupproductadjustments usergroupstaggeredpriceadjustments "
        "userproductadjustments userstaggeredpriceadjustments webhooks"
    )
)

#: Writing that the vendor offers on what is played here. Only PATCH of an order is played.
WRITES = {
    "POST": words("orders orders/#/invoices products users usergroups brands packages languages"),
    "PATCH": words(
        "orders/# products/# attributecombinations/# users/# usergroups/# invoices/# brands/# "
        "packages/# orderrows/#"
    ),
    "PUT": words("orders/#/orderrows webshops/#/settings"),
    "DELETE": words("products/# users/# usergroups/# brands/#"),
}


class Resources:
    """Answers a method and a path with a status and a body."""

    def __init__(self, shop: Shop, prices_include_vat: bool) -> None:
        self.sales = Sales(shop)
        self.routes = {
            "": self._root,
            **Data(shop, prices_include_vat).routes,
            **self.sales.routes,
        }
        self.played = {part for route in self.routes for part in route.split("/")} - {"", "#"}

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
        if route not in self.routes:
            if any(part in OTHERS for part in path):
                raise Refused(501, "501.20", "Resource not implemented in this sandbox.")
            raise Refused(404, "404.20", "The resource name is invalid.")
        ids = [int(part) for part in path if part.isdigit()]
        if method == "GET":
            return 200, self.routes[route](asked, *ids)
        if route not in WRITES[method]:
            raise Refused(405, "405.10", "Method Not Allowed")
        if (method, route) == ("PATCH", "orders/#"):
            return self.sales.patch_order(asked, *ids)
        raise Refused(501, "501.10", "Method not implemented in this sandbox.")

    def _root(self, asked: Asked) -> JSON:
        names = sorted(route for route in self.routes if route and "#" not in route)
        return asked.all({"name": name, "href": f"{asked.at}/{name}/"} for name in names)
