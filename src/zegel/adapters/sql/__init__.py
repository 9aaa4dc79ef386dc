"""The stores on SQL: SQLite by default, nothing SQLite's own outside ``dialect`` and ``upkeep``."""
