"""What Globe holds for others, each entity in a module of its own."""

from __future__ import annotations

from .customers import Customers
from .entries import SalesEntries
from .invoices import DirectInvoices, SalesInvoices
from .orders import Orders
from .products import Products
from .stock import Stock

__all__ = [
    "Customers",
    "DirectInvoices",
    "Orders",
    "Products",
    "SalesEntries",
    "SalesInvoices",
    "Stock",
]
