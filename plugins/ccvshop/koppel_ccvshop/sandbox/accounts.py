"""The pretend shop's customers with an account: groups, users, and what is written to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .asked import Asked, invalid, missing
from .goods import JSON
from .people import ACCOUNT_ID, GROUPS, TEXTS, Person, person
from .schemas import USER, USER_PATCH, check_person, same, taken
from .shop import Shop

Answered = tuple[int, Any]
FIRST_MADE = 71000001  # the first user that was not seeded
ADDRESS = tuple(person(0).personalinfo()["deliveryaddress"])


class Accounts:
    """Seeded accounts, those that were made, and what was changed of either."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.made: dict[int, JSON] = {}
        self.changes: dict[int, JSON] = {}
        self.routes: dict[str, Callable[..., JSON]] = {
            "usergroups": self._usergroups,
            "usergroups/#": self._usergroup,
            "usergroups/#/users": self._users,
            "users": self._users,
            "users/#": self._user,
        }
        self.writes: dict[tuple[str, str], Callable[..., Answered]] = {
            ("POST", "users"): self._post,
            ("PATCH", "users/#"): self._patch,
        }

    def __len__(self) -> int:
        return len(self.shop.accounts()) + len(self.made)

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
        state = asked.query.get("approval_status", "accepted")
        if state not in ("pending", "accepted"):
            raise invalid("approval_status: pending or accepted")
        ids = [ACCOUNT_ID + who.index for who in self.shop.accounts()] + list(self.made)
        if group is not None:
            ids = [own for own in ids if self.record(own)["group_id"] == group]
        by: dict[str, Callable[[int], Any]] = {
            "id": lambda own: own,
            "first_name": lambda own: (self._name(own, "first_name"), own),
            "last_name": lambda own: (self._name(own, "last_name"), own),
        }
        found = asked.ordered(ids if state == "accepted" else [], by)
        return asked.paged(found, lambda own: self._user(asked, own))

    def _name(self, own: int, part: str) -> str:
        return str(self.record(own)["userinfo"]["billingaddress"][part])

    def record(self, own: int) -> JSON:
        """What is kept of a user, with what was changed."""
        if own in self.made:
            base = self.made[own]
        else:
            index = own - ACCOUNT_ID
            if not 0 <= index < self.shop.people or not person(index, self.shop.seed).has_account:
                raise missing("users", own)
            base = _seeded(person(index, self.shop.seed))
        return _merged(base, self.changes.get(own, {}))

    def _user(self, asked: Asked, own: int) -> JSON:
        href = f"{asked.at}/users/{own}/"
        return {
            "href": href,
            "id": own,
            **self.record(own),
            "creditpoints": {"href": f"{href}creditpoints/"},
            "creditpointmutations": {"href": f"{href}creditpointmutations/"},
            "disabledpaymethods": {"href": f"{href}disabledpaymethods/"},
            "parent": None,
        }

    def _checked(self, values: JSON, own: int | None) -> JSON:
        if "userinfo" in values:
            check_person(values["userinfo"])
        if values.get("group_id", 3301) not in GROUPS:
            raise invalid(f"group_id: there is no group {values['group_id']}")
        name = str(values.get("username", "")).casefold()
        if name and any(
            self.record(other)["username"].casefold() == name
            for other in [ACCOUNT_ID + who.index for who in self.shop.accounts()] + list(self.made)
            if other != own
        ):
            raise taken("username")
        return {k: v for k, v in values.items() if k not in ("password", "encryption", "gender")}

    def _post(self, asked: Asked) -> Answered:
        values = self._checked(USER.check(asked.json()), None)
        own = FIRST_MADE + len(self.made)
        usual: JSON = {
            "group_id": 3301,
            "status": True,
            "approval_status": "accepted",
            "product_in_category_discount": "highest",
            "userinfo": _nobody(),
        }
        self.made[own] = _merged(usual, values)
        return 201, self._user(asked, own)

    def _patch(self, asked: Asked, own: int) -> Answered:
        before = self.record(own)
        values = self._checked(USER_PATCH.check(asked.json(), patch=True), own)
        after = _merged(before, values)
        if values and after == before:
            raise same()
        self.changes[own] = _merged(self.changes.get(own, {}), values)
        return 204, None


def _nobody() -> JSON:
    empty = dict.fromkeys(ADDRESS, "") | {"housenumber": None}
    names = {"first_name": "", "last_name": "", "fax": ""}
    return {
        **dict.fromkeys(TEXTS, ""),
        "billingaddress": {**empty, **names},
        "deliveryaddress": dict(empty),
    }


def _merged(base: JSON, changes: JSON) -> JSON:
    """The changes laid over; objects part by part. Split and lined addresses follow each other."""
    merged = dict(base)
    for name, value in changes.items():
        old = merged.get(name)
        merged[name] = _merged(old, value) if isinstance(old, dict) else value
        if name in ("billingaddress", "deliveryaddress") and isinstance(value, dict):
            merged[name] = _whole(merged[name], value)
    return merged


def _whole(address: JSON, written: JSON) -> JSON:
    if "street" in written:
        parts = (address.get(n) for n in ("street", "housenumber", "housenumber_suffix"))
        line = " ".join(str(p) for p in parts if p)
        address = {**address, "address_line_1": line}
    elif "address_line_1" in written:
        address = {**address, "street": "", "housenumber": None, "housenumber_suffix": ""}
    if "first_name" in address:
        name = f"{address['first_name']} {address.get('last_name', '')}".strip()
        address = {**address, "full_name": name}
    return address


def _seeded(who: Person) -> JSON:
    """A customer with an account, as `users` shows it."""
    info = who.personalinfo()
    return {
        "username": info["email"],
        "group_id": who.group,
        "status": True,
        "approval_status": "accepted",
        "product_in_category_discount": "highest",
        "userinfo": info,
    }
