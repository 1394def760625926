"""What Globe holds for others: sales orders, customers and items, each in a module of its own."""

from __future__ import annotations

from .customers import Customers
from .orders import Orders
from .products import Products

__all__ = ["Customers", "Orders", "Products"]
