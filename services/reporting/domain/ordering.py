"""The order of MongoDB: of two records that contradict each other a batch keeps what `$min` or `$max` would keep.

Else it would depend on where batches begin which of the two is kept, and a rebuild would differ.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

_TYPES: Final = {kind: number for number, kinds in enumerate((
    (type(None),), (int, float), (str,), (dict,), (list,), (bool,), (datetime,)
)) for kind in kinds}  # fmt: skip
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


def place_of(value: Any) -> tuple[Any, ...]:
    """Compares as the value does in the database: by type, then field by field, or by what it is."""
    kind = _TYPES[type(value)]
    if isinstance(value, dict):
        fields: dict[str, Any] = value
        return kind, *((_TYPES[type(inner)], name, place_of(inner)) for name, inner in fields.items())
    if isinstance(value, list):
        items: list[Any] = value
        return kind, *map(place_of, items)
    # It keeps milliseconds.
    return kind, (value - _EPOCH) // _MILLISECOND if isinstance(value, datetime) else value
