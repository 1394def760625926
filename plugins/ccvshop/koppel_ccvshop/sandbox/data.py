"""What the pretend shop answers about itself, its customers and its products."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from .asked import Asked, invalid, missing
from .goods import (
    BRAND_IDS,
    CATALOGUE,
    COMBINATION_ID,
    JSON,
    ORDER_STATUS,
    PACKAGES,
    PAYMETHODS,
    PRODUCT_EXPANSIONS,
    PRODUCT_ID,
    articles_of,
    combination,
    number,
    product,
)
from .people import ACCOUNT_ID, COUNTRIES, GROUPS, Person, person
from .shop import Shop

WEBSHOP = 40001


class Data:
    """Everything but orders and invoices."""

    def __init__(self, shop: Shop, prices_include_vat: bool) -> None:
        self.shop, self.prices_include_vat = shop, prices_include_vat
        self.routes: dict[str, Callable[..., JSON]] = {
            "webshops": self._webshops,
            "webshops/#": self._webshop,
            "webshops/#/settings": self._settings,
            "webshops/#/geozonecountries": self._geozonecountries,
            "webshops/#/merchant": self._merchant,
            "webshops/#/domains": self._domains,
            "languages": self._languages,
            "paymethods": self._paymethods,
            "packages": self._packages,
            "packages/#": self._package,
            "brands": self._brands,
            "brands/#": self._brand,
            "usergroups": self._usergroups,
            "usergroups/#": self._usergroup,
            "usergroups/#/users": self._users,
            "users": self._users,
            "users/#": self._user,
            "products": self._products,
            "products/#": self._product,
            "productqueries": self._productqueries,
            "products/#/attributecombinations": self._combinations,
            "attributecombinations/#": self._combination,
        }

    def _webshops(self, asked: Asked) -> JSON:
        return asked.all([self._webshop(asked, WEBSHOP)])

    def _webshop(self, asked: Asked, own: int) -> JSON:
        if own != WEBSHOP:
            raise missing("webshops", own)
        return {
            "href": f"{asked.at}/webshops/{own}/",
            "id": own,
            "name": "Fietsen van Anna",
            "is_multishop_system": False,
            "product_limit": -1,
            "product_limit_left": -1,
            "api_root": asked.at.removesuffix("/api/rest/v1"),
            "webshops": {"href": f"{asked.at}/webshops/{own}/webshops/"},
            "parent": None,
        }

    def _settings(self, asked: Asked, own: int) -> JSON:
        parent = self._webshop(asked, own)

        def states(names: Mapping[int, str]) -> list[JSON]:
            colours = {"text_color": "#ffffff", "background_color": "#4a6fa5"}
            return [
                {"id": key, "status": name.lower(), "status_name": name, **colours}
                for key, name in names.items()
            ]

        return {
            "href": asked.href,
            "webshop_enabled": True,
            "webshop_disabled_title": "",
            "webshop_disabled_text": "",
            "currency": "EUR",
            "default_vat_rat": 21,
            "prices_include_vat": self.prices_include_vat,
            "full_ssl_webshop": True,
            "creditpoint_value": 0.01,
            "languages": ["nl"],
            "backend_language": "nl",
            "separate_domain_per_language": False,
            "stock": True,
            "ordering_without_stock": "allow",
            "stock_level_warnings": {"low_threshold": 2, "high_threshold": 10},
            "multishop_readonly_properties": [],
            "checkout_type": ["default"],
            "takeoutsettings": None,
            "quotation_status": [],
            "order_status": states(ORDER_STATUS),
            "invoice_status": states({1: "Openstaand", 2: "Betaald", 3: "Terugbetaald"}),
            "return_status": states({1: "Nieuw", 2: "In behandeling", 7: "Afgerond"}),
            "parent": {"href": parent["href"]},
        }

    def _geozonecountries(self, asked: Asked, own: int) -> JSON:
        self._webshop(asked, own)
        # A shop below the threshold for distance sales charges its own rates in all of Europe.
        tariffs = [
            {"type": "normal", "percentage": 21},
            {"type": "low a", "percentage": 9},
            {"type": "zero", "percentage": 0},
        ]
        zones = {"NL": (1, "Nederland"), "BE": (2, "Europa"), "DE": (2, "Europa")}
        return asked.all(
            (
                {
                    "country": COUNTRIES[code],
                    "code": code,
                    "geozone_id": zone,
                    "geozone_name": name,
                    "tariffs": tariffs,
                }
                for code, (zone, name) in zones.items()
            ),
        )

    def _merchant(self, asked: Asked, own: int) -> JSON:
        parent = self._webshop(asked, own)
        return {
            "href": asked.href,
            "gender": "female",
            "first_name": "Anna",
            "last_name": "de Jong",
            "full_name": "Anna de Jong",
            "company": "Fietsen van Anna",
            "email": "winkel@example.nl",
            "address_line": "Wielerweg 9",
            "street": "Wielerweg",
            "housenumber": "9",
            "zipcode": "3811 AA",
            "city": "Amersfoort",
            "country": "Nederland",
            "country_code": "NL",
            "telephone": "+31330000000",
            "tax_number": "NL105666671B01",
            "coc_number": "30000009",
            "parent": {"href": parent["href"]},
        }

    def _domains(self, asked: Asked, own: int) -> JSON:
        parent = {"href": self._webshop(asked, own)["href"]}
        one = {"href": asked.href, "domainname": "fietsen.example", "ssldomain": True}
        return asked.all([{**one, "language": "nl", "parent": parent}])

    def _languages(self, asked: Asked) -> JSON:
        return asked.all([{"name": "Nederlands", "iso_code": "nl"}])

    def _paymethods(self, asked: Asked) -> JSON:
        return asked.all(
            (
                {
                    "id": own,
                    "psp": psp,
                    "method": method,
                    "combined_name": f"{psp} {method}".strip(),
                    "label": label,
                    "extra_costs": costs > 0,
                    "extra_costs_fixed": number(costs),
                    "extra_costs_percentage": 0,
                    "apppsp": None,
                    "apppsppaymethod": None,
                }
                for own, (psp, method, label, costs) in PAYMETHODS.items()
            ),
        )

    def _packages(self, asked: Asked) -> JSON:
        return asked.all(self._package(asked, own) for own in PACKAGES)

    def _package(self, asked: Asked, own: int) -> JSON:
        if own not in PACKAGES:
            raise missing("packages", own)
        return {
            "href": f"{asked.at}/packages/{own}/",
            "id": own,
            "name": PACKAGES[own],
            "parent": None,
        }

    def _brands(self, asked: Asked) -> JSON:
        return asked.all(self._brand(asked, own) for own in BRAND_IDS.values())

    def _brand(self, asked: Asked, own: int) -> JSON:
        names = {value: name for name, value in BRAND_IDS.items()}
        if own not in names:
            raise missing("brands", own)
        return {"href": f"{asked.at}/brands/{own}/", "id": own, "name": names[own]}

    # -- customers -----------------------------------------------------------------------------

    def _usergroups(self, asked: Asked) -> JSON:
        asked.only("start", "size")
        return asked.paged(list(GROUPS), lambda own: self._usergroup(asked, own))

    def _usergroup(self, asked: Asked, own: int) -> JSON:
        if own not in GROUPS:
            raise missing("usergroups", own)
        name, discount = GROUPS[own]
        href = f"{asked.at}/usergroups/{own}/"
        return {
            "href": href,
            "id": own,
            "default": own == 3301,
            "groupname": name,
            "discount": discount,
            "product_in_category_discount": "highest",
            "users": {"href": f"{href}users/"},
            "disabledpaymethods": {"href": f"{href}disabledpaymethods/"},
        }

    def _users(self, asked: Asked, group: int | None = None) -> JSON:
        asked.only("start", "size", "orderby", "approval_status")
        if group is not None:
            self._usergroup(asked, group)
        found = [who for who in self.shop.accounts() if group in (None, who.group)]
        state = asked.query.get("approval_status", "accepted")
        if state not in ("pending", "accepted"):
            raise invalid("approval_status: pending or accepted")
        by: dict[str, Callable[[Person], Any]] = {
            "id": lambda who: who.index,
            "first_name": lambda who: (who.first, who.index),
            "last_name": lambda who: (who.last, who.index),
        }
        found = asked.ordered(found if state == "accepted" else [], by)
        return asked.paged(found, lambda who: user(who, asked.at))

    def _user(self, asked: Asked, own: int) -> JSON:
        index = own - ACCOUNT_ID
        if not 0 <= index < self.shop.customers or not person(index, self.shop.seed).has_account:
            raise missing("users", own)
        return user(person(index, self.shop.seed), asked.at)

    # -- products ------------------------------------------------------------------------------

    def _show_product(self, asked: Asked, product_number: str, expand: frozenset[str]) -> JSON:
        # Two products at a time were changed in the same second, as by an import.
        changed = self.shop.until - timedelta(
            hours=5 * (list(PRODUCT_ID).index(product_number) // 2)
        )
        record = product(product_number, asked.at, expand, changed)
        if not self.prices_include_vat:
            record["price"] = round(record["price"] / (1 + record["vatrate"] / 100), 2)
        return record

    def _expand(self, asked: Asked) -> frozenset[str]:
        names = frozenset(filter(None, asked.query.get("expand", "").split(",")))
        if unknown := names - PRODUCT_EXPANSIONS:
            raise invalid(f"expand: {', '.join(sorted(unknown))} unknown")
        return names

    def _products(self, asked: Asked) -> JSON:
        texts = ("productnumber", "eannumber", "mpnnumber", "productname", "color")
        ranges = {"price": "price", "discount": "discount", "sellprice": "price", "stock": "stock"}
        bounds = [f"{end}{name}" for name in ranges for end in ("min", "max")]
        asked.only(
            *("start", "size", "orderby", "expand", "active", "quantity", "stock", *texts, *bounds)
        )
        name = asked.query.get("productname", "")
        if "productname" in asked.query and len(name) < 3:
            raise invalid("productname: at least 3 characters")
        expand, active = self._expand(asked), asked.flag("active")
        found = []
        for product_number in PRODUCT_ID:
            record = self._show_product(asked, product_number, frozenset())
            fits = name.lower() in record["name"].lower() and active in (None, True)
            for text in ("productnumber", "eannumber", "mpnnumber"):
                fits &= text not in asked.query or record[text] == asked.query[text]
            for short, key in ranges.items():
                low, high = asked.amount(f"min{short}"), asked.amount(f"max{short}")
                fits &= (low is None or record[key] >= low) and (
                    high is None or record[key] <= high
                )
            stock = asked.amount("stock")
            if fits and stock in (None, record["stock"]) and "color" not in asked.query:
                found.append(record)
        by: dict[str, Callable[[JSON], Any]] = {
            "id": lambda p: p["id"],
            "name": lambda p: (p["name"], p["id"]),
            "createdate": lambda p: (p["createdate"], p["id"]),
            "modifydate": lambda p: (p["modifydate"], p["id"]),
        }
        found = asked.ordered(found, by)
        return asked.paged(found, lambda p: self._show_product(asked, p["productnumber"], expand))

    def _product(self, asked: Asked, own: int) -> JSON:
        asked.only("expand")
        return self._show_product(asked, self._number_of(own), self._expand(asked))

    def _number_of(self, own: int) -> str:
        for product_number, product_id in PRODUCT_ID.items():
            if product_id == own:
                return product_number
        raise missing("products", own)

    def _productqueries(self, asked: Asked) -> JSON:
        asked.only("productnumber", "eannumber", "mpnnumber", "skunumber")
        if not asked.query:
            raise invalid("productnumber, eannumber, mpnnumber or skunumber: required")
        numbers = []
        for article in CATALOGUE:
            own = article.parent or article.sku
            has = {
                "productnumber": {own, article.sku},
                "eannumber": {article.ean},
                "mpnnumber": set(),
                "skunumber": {article.sku} if article.parent else set(),
            }
            if all(value in has[name] for name, value in asked.query.items()):
                numbers.append(own)
        items = [self._show_product(asked, n, frozenset()) for n in dict.fromkeys(numbers)]
        return {"href": asked.href, "items": items}

    def _combinations(self, asked: Asked, own: int) -> JSON:
        members = articles_of(self._number_of(own))
        return asked.all(combination(a, asked.at) for a in members if a.parent)

    def _combination(self, asked: Asked, own: int) -> JSON:
        for article in CATALOGUE:
            if article.parent and COMBINATION_ID[article.sku] == own:
                return combination(article, asked.at)
        raise missing("attributecombinations", own)


def user(who: Person, at: str) -> JSON:
    """A customer with an account, as `users` shows it."""
    own = ACCOUNT_ID + who.index
    href = f"{at}/users/{own}/"
    info = who.personalinfo()
    return {
        "href": href,
        "id": own,
        "username": info["email"],
        "group_id": who.group,
        "status": True,
        "approval_status": "accepted",
        "product_in_category_discount": "highest",
        "userinfo": info,
        "creditpoints": {"href": f"{href}creditpoints/"},
        "creditpointmutations": {"href": f"{href}creditpointmutations/"},
        "disabledpaymethods": {"href": f"{href}disabledpaymethods/"},
        "parent": None,
    }
