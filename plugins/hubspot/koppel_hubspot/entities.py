"""What HubSpot holds for others."""

from __future__ import annotations

from .customers import Customers
from .deals import Deals
from .invoices import Invoices
from .orders import Orders
from .products import Products
from .stock import Stock

ENTITIES = (Customers, Products, Orders, Deals, Invoices, Stock)

__all__ = ["ENTITIES", "Customers", "Deals", "Invoices", "Orders", "Products", "Stock"]
