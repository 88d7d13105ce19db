"""CSV as RFC 4180 has it, in UTF-8 with a header."""

import csv
import io
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from datetime import UTC, datetime
from typing import Final

from services.reporting.domain.opendata import Dataset, Row, Value

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What begins with one of these a spreadsheet program may run."""


async def write_csv(dataset: Dataset, batches: AsyncIterable[list[Row]]) -> AsyncIterator[bytes]:
    names = [column.name for column in dataset.columns]
    yield _lines([names])
    async for rows in batches:
        yield _lines([_cell(row[name]) for name in names] for row in rows)


def _lines(rows: Iterable[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def _cell(value: Value) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case datetime():
            return as_utc(value)
        case str():
            # Numbers are ours; only text may hold what somebody thought of.
            return f"'{value}" if value.startswith(_FORMULA) else value
        case _:
            return str(value)


def as_utc(moment: datetime) -> str:
    """`2026-03-05T01:30:00Z`, with thousandths where there are any."""
    told = moment.astimezone(UTC).isoformat(timespec="milliseconds" if moment.microsecond else "seconds")
    return told.replace("+00:00", "Z")
