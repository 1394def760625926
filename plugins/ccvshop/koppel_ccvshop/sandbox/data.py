"""What the pretend shop answers about itself: settings, taxes, payment methods, packages."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .asked import Asked, missing
from .goods import JSON, ORDER_STATUS, PACKAGES, PAYMETHODS, number
from .people import COUNTRIES

WEBSHOP = 40001


class Data:
    """The shop's own data."""

    def __init__(self, prices_include_vat: bool, product_limit: int) -> None:
        self.prices_include_vat, self.product_limit = prices_include_vat, product_limit
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
            "product_limit": self.product_limit,
            "product_limit_left": self.product_limit,
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
