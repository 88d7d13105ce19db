"""Reads records whose headers have names that are not UTF-8. aiokafka fails at such a name, and so at all behind it.

The broker takes any bytes as a name, so whoever can write to a topic could stop every consumer of it for ever.
"""

from collections.abc import Iterator
from typing import Any, Final

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy  # pyright: ignore[reportPrivateUsage]
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import decode_varint_py

_OVERHEAD: Final = 12
"""Bytes of a batch before what its length counts: 8 of the offset, 4 of the length."""


def read_any_header_name() -> None:
    """From now on, in this process."""
    fetcher.MemoryRecords = LenientRecords  # pyright: ignore[reportPrivateImportUsage, reportAttributeAccessIssue]


class LenientRecords:
    """What was fetched of a partition, batch by batch, as aiokafka's own has it."""

    def __init__(self, fetched: bytes) -> None:
        self._records: Any = MemoryRecords(fetched)
        self._left = memoryview(fetched)
        self.has_next = self._records.has_next
        self.size_in_bytes = self._records.size_in_bytes

    def next_batch(self) -> Any:
        batch = self._records.next_batch()
        if batch is None:
            return None
        size = _OVERHEAD + int.from_bytes(self._left[_OVERHEAD - 4 : _OVERHEAD])
        own, self._left = self._left[:size], self._left[size:]
        return _LenientBatch(batch, own)


class _LenientBatch:
    def __init__(self, batch: Any, content: memoryview) -> None:
        self._batch = batch
        self._content = content

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        """Of a batch that only controls transactions."""
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        try:
            return iter(list(self._batch))
        except UnicodeDecodeError:
            return _read_slowly(self._content)


def _read_slowly(content: memoryview) -> Iterator[Any]:
    """In plain Python, with U+FFFD for what is not UTF-8."""
    batch: Any = _DefaultRecordBatchPy(content)
    batch._maybe_uncompress()  # noqa: SLF001
    batch._buffer = _Lenient(batch._buffer)  # noqa: SLF001
    return iter([batch._read_msg(decode_varint_py) for _ in range(batch._num_records)])  # noqa: SLF001


class _Lenient(bytearray):
    def __getitem__(self, place: Any) -> Any:
        found: Any = super().__getitem__(place)
        return _Lenient(found) if isinstance(place, slice) else found

    def decode(self, encoding: str = "utf-8", errors: str = "replace") -> str:  # noqa: ARG002 - as bytearray has it
        return super().decode(encoding, "replace")
