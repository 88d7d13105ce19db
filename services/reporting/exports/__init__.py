"""Datasets as files, row by row: CSV, JSON, JSON Lines, GeoJSON and Parquet."""

from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping
from typing import Final

from services.reporting.domain.opendata import Dataset, Row
from services.reporting.exports.lists import write_geojson, write_json, write_json_lines
from services.reporting.exports.parquet import write_parquet
from services.reporting.exports.tables import write_csv

Batches = AsyncIterable[list[Row]]
Writer = Callable[[Dataset, Batches], AsyncIterator[bytes]]
"""Pieces of the file; what it holds at any time does not grow with the number of rows."""

WRITERS: Final[Mapping[str, tuple[Writer, str]]] = {
    "csv": (write_csv, "text/csv; charset=utf-8; header=present"),
    "json": (write_json, "application/json"),
    "jsonl": (write_json_lines, "application/jsonl"),
    "geojson": (write_geojson, "application/geo+json"),
    "parquet": (write_parquet, "application/vnd.apache.parquet"),
}
"""With the media type, by what the file's name ends with."""
