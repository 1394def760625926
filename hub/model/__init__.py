"""The canonical documents: what any two systems can exchange, in one vocabulary."""

from hub.model.base import Document, FieldError, Json, Part, field_paths
from hub.model.customer import Address, Contact, Customer
from hub.model.invoice import Invoice, JournalEntry, Posting
from hub.model.order import Cost, Line, LineKind, Order, Prices, Shipment
from hub.model.product import (
    Attribute,
    Category,
    Image,
    Product,
    StockLevel,
    Variant,
    WarehouseLevel,
)

DOCUMENTS: dict[str, type[Document]] = {
    d.kind: d for d in (Customer, Order, Invoice, JournalEntry, Product, StockLevel)
}
"""Every kind of document by name."""

__all__ = [
    "DOCUMENTS",
    "Address",
    "Attribute",
    "Category",
    "Contact",
    "Cost",
    "Customer",
    "Document",
    "FieldError",
    "Image",
    "Invoice",
    "JournalEntry",
    "Json",
    "Line",
    "LineKind",
    "Order",
    "Part",
    "Posting",
    "Prices",
    "Product",
    "Shipment",
    "StockLevel",
    "Variant",
    "WarehouseLevel",
    "field_paths",
]
