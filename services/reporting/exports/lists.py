"""JSON in its three forms."""

import json
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from datetime import date, datetime
from typing import Any, Final

from services.reporting.domain.opendata import Dataset, Row
from services.reporting.exports.tables import as_utc

_POINT: Final = ("latitude", "longitude")


async def write_json(_: Dataset, batches: AsyncIterable[list[Row]]) -> AsyncIterator[bytes]:
    """One array. It ends with its bracket; one that does not was cut off."""
    async for piece in _joined(b"[", batches, b"\n]\n"):
        yield piece


async def write_json_lines(_: Dataset, batches: AsyncIterable[list[Row]]) -> AsyncIterator[bytes]:
    async for rows in batches:
        yield b"".join(_object(row) + b"\n" for row in rows)


async def write_geojson(_: Dataset, batches: AsyncIterable[list[Row]]) -> AsyncIterator[bytes]:
    """Points, each the centre of its cell. What has no point that may be told is a feature without geometry."""
    async for piece in _joined(b'{"type":"FeatureCollection","features":[', _features(batches), b"\n]}\n"):
        yield piece


async def _features(batches: AsyncIterable[list[Row]]) -> AsyncIterator[list[Mapping[str, Any]]]:
    async for rows in batches:
        yield [_feature(row) for row in rows]


def _feature(row: Row) -> Mapping[str, Any]:
    latitude, longitude = (row[name] for name in _POINT)
    point = None if latitude is None else {"type": "Point", "coordinates": [longitude, latitude]}
    properties = {name: value for name, value in row.items() if name not in _POINT}
    return {"type": "Feature", "id": row["ticket"], "geometry": point, "properties": properties}


async def _joined(begin: bytes, batches: AsyncIterable[list[Any]], end: bytes) -> AsyncIterator[bytes]:
    yield begin
    between = b"\n"
    async for rows in batches:
        if rows:
            yield between + b",\n".join(_object(row) for row in rows)
            between = b",\n"
    yield end


def _object(row: Mapping[str, Any]) -> bytes:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"), default=_text).encode()


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return as_utc(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(type(value).__name__)
