"""The durable store: the only package that knows a database."""

from gateway.store.dialect import StoreError
from gateway.store.options import SETTINGS
from gateway.store.schema import SCHEMA_VERSION
from gateway.store.store import Store, migrate, open_store

__all__ = ["SCHEMA_VERSION", "SETTINGS", "Store", "StoreError", "migrate", "open_store"]
