"""Parquet, written by the Rust implementation of Arrow in a thread that takes one batch after another.

The library is loaded when the first Parquet is asked for: it takes some 10 MB.
"""

import asyncio
import io
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import IO, TYPE_CHECKING, Any, Final, cast

from services.reporting.domain.opendata import Column, Dataset, Kind, Row, Value

if TYPE_CHECKING:
    from arro3.core import Array, DataType, RecordBatch, Schema

ROWS_TOGETHER: Final = 20_000
"""Of a row group: so many the writer holds, each column by itself."""
MOST_WAITING: Final = 1 << 20
"""Bytes that are written and not yet taken; above this no more rows are read."""
_EPOCH: Final = date(1970, 1, 1)
_writing = set[asyncio.Task[None]]()
"""Kept until they are over: nothing else holds a task."""


class Gone(Exception):
    """Nobody takes what is written."""


async def write_parquet(dataset: Dataset, batches: AsyncIterable[list[Row]]) -> AsyncIterator[bytes]:
    bridge = _Bridge(dataset, batches)
    writing = asyncio.create_task(bridge.write())
    _writing.add(writing)
    writing.add_done_callback(_writing.discard)
    try:
        async for piece in bridge.pieces(writing):
            yield piece
    finally:
        bridge.leave()


class _Bridge:
    """Between the loop, where rows are read and bytes are taken, and the thread that makes the one of the other."""

    def __init__(self, dataset: Dataset, batches: AsyncIterable[list[Row]]) -> None:
        self._columns = dataset.columns
        self._batches = aiter(batches)
        self._loop = asyncio.get_running_loop()
        self._changed, self._taken = asyncio.Event(), asyncio.Event()
        self._written = bytearray()
        self._is_left = False

    async def write(self) -> None:
        """Raises what reading the rows raises."""
        with suppress(Gone):
            await asyncio.to_thread(self._write)

    async def pieces(self, writing: asyncio.Task[None]) -> AsyncIterator[bytes]:
        writing.add_done_callback(lambda _: self._changed.set())
        while not writing.done() or self._written:
            await self._changed.wait()
            self._changed.clear()
            piece, self._written = bytes(self._written), bytearray()
            self._taken.set()
            if piece:
                yield piece
        await writing

    def leave(self) -> None:
        """The thread ends when it asks for the next rows."""
        self._is_left = True
        self._taken.set()

    def _write(self) -> None:
        from arro3.core import RecordBatchReader  # noqa: PLC0415
        from arro3.io import write_parquet as write  # noqa: PLC0415

        schema = _schema(self._columns)
        failed: list[BaseException] = []
        reader = RecordBatchReader.from_batches(schema, self._tables(schema, failed))
        sink = cast("IO[bytes]", _Sink(self._take))
        try:
            write(reader, sink, compression="zstd(3)", max_row_group_size=ROWS_TOGETHER)
        finally:
            if failed:
                # The library tells only in words what went wrong in the reader.
                raise failed[0]

    def _tables(self, schema: "Schema", failed: list[BaseException]) -> "Iterator[RecordBatch]":
        from arro3.core import RecordBatch  # noqa: PLC0415

        try:
            while (rows := asyncio.run_coroutine_threadsafe(self._next(), self._loop).result()) is not None:
                arrays = [_array(column, [row[column.name] for row in rows]) for column in self._columns]
                yield RecordBatch.from_arrays(arrays, schema=schema)
        except BaseException as error:
            failed.append(error)
            raise

    async def _next(self) -> list[Row] | None:
        while len(self._written) > MOST_WAITING and not self._is_left:
            self._taken.clear()
            await self._taken.wait()
        if self._is_left:
            raise Gone
        return await anext(self._batches, None)

    def _take(self, piece: bytes) -> None:
        self._loop.call_soon_threadsafe(self._add, piece)

    def _add(self, piece: bytes) -> None:
        self._written += piece
        self._changed.set()


class _Sink(io.RawIOBase):
    """A file that hands on what is written. It never fails: the library would not survive that."""

    def __init__(self, take: Callable[[bytes], None]) -> None:
        super().__init__()
        self._take = take

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        self._take(bytes(piece))
        return len(piece)


def _schema(columns: tuple[Column, ...]) -> "Schema":
    from arro3.core import Field, Schema  # noqa: PLC0415

    return Schema([Field(column.name, _types(column.kind)[-1], nullable=not column.required) for column in columns])


def _array(column: Column, values: list[Value]) -> "Array":
    from arro3.core import Array  # noqa: PLC0415

    types = _types(column.kind)
    array = Array([_number(value) for value in values], type=types[0])
    return array.cast(types[-1]) if len(types) > 1 else array


def _types(kind: Kind) -> "tuple[DataType, ...]":
    """What values are put in as, and where it is another one, what they are."""
    from arro3.core import DataType  # noqa: PLC0415

    match kind:
        case Kind.STRING:
            return (DataType.utf8(),)
        case Kind.INTEGER:
            return (DataType.int32(),)
        case Kind.NUMBER:
            return (DataType.float64(),)
        case Kind.BOOLEAN:
            return (DataType.bool(),)
        case Kind.DATE:
            return DataType.int32(), DataType.date32()
        case Kind.DATETIME:
            return DataType.int64(), DataType.timestamp("ms", tz="UTC")


def _number(value: Value) -> Value:
    """Times as numbers: days, and milliseconds, since 1970."""
    if isinstance(value, datetime):
        return int(value.astimezone(UTC).timestamp() * 1000)
    if isinstance(value, date):
        return (value - _EPOCH).days
    return value
