"""What a CCV Shop holds for others."""

from __future__ import annotations

from .customers import Customers
from .orders import Orders
from .products import Products
from .stock import Stock

ENTITIES = (Orders, Customers, Products, Stock)

__all__ = ["ENTITIES", "Customers", "Orders", "Products", "Stock"]
