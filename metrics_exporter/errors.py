"""The errors whose message is all that a user needs: what is wrong, where, and what to do."""

from __future__ import annotations

from metrics_exporter.config import SettingsError
from metrics_exporter.definitions import DefinitionsError
from metrics_exporter.history import HistoryError
from metrics_exporter.warehouses import WarehouseError

USER_ERRORS = (SettingsError, DefinitionsError, WarehouseError, HistoryError)
