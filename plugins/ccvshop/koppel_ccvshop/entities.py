"""What a CCV Shop holds for others."""

from __future__ import annotations

from .customers import Customers
from .invoices import Invoices
from .orders import Orders
from .products import Products
from .stock import Stock

ENTITIES = (Orders, Customers, Products, Stock, Invoices)

__all__ = ["ENTITIES", "Customers", "Invoices", "Orders", "Products", "Stock"]
