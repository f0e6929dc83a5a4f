"""What can be wrong with a database."""


class StoreBusy(Exception):
    """Another process has the database open."""


class StoreTooNew(Exception):
    """The database was written by a newer program than this one."""


class StoreAway(Exception):
    """The database cannot be used now."""


class StoreUnfit(StoreAway):
    """The database will not do as it is; ``why`` is "garbled", "foreign" or "read_only"."""

    def __init__(self, name: object, why: str, reason: str) -> None:
        """``reason`` is what the system says."""
        super().__init__(f"{name}: {reason}")
        self.why = why


class StoreUnknown(ValueError):
    """An address of a database that this version cannot use."""
