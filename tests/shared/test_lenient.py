"""A header's name that is not UTF-8 keeps nobody from reading what lies behind it."""

from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer import fetcher
from aiokafka.record.default_records import (
    DefaultRecordBatch,
    _DefaultRecordBatchBuilderPy,  # pyright: ignore[reportPrivateUsage]
)

from shared import records
from shared.lenient import LenientRecords


class Raw(str):
    __slots__ = ()

    def encode(self, *_: Any) -> bytes:  # type: ignore[override]
        return b"\xff\xfe"


def a_batch(compression: int, offset: int, *names: str) -> bytes:
    builder: Any = _DefaultRecordBatchBuilderPy(2, compression, 0, -1, -1, -1, 1 << 20)
    for number, name in enumerate(names):
        builder.append(number, 1_000 + number, b"key", b"value" * 10, [(name, b"1"), ("ce_type", b"x")])
    batch = bytearray(builder.build())
    batch[:8] = offset.to_bytes(8)
    return bytes(batch)


@pytest.mark.parametrize("compression", [DefaultRecordBatch.CODEC_NONE, DefaultRecordBatch.CODEC_GZIP])
def test_given_a_name_that_is_not_utf_8_when_a_fetch_is_read_then_every_record_of_it_is(compression: int) -> None:
    fetched = a_batch(compression, 5, "a", "b") + a_batch(compression, 7, "c", Raw("d"), "e") + a_batch(0, 10, "f")
    place = TopicPartition("ntbcare.words", 0)
    unpacked: Any = fetcher.PartitionRecords(
        place, LenientRecords(fetched), [], 5, None, None, check_crcs=True, isolation_level=0
    )

    found = list(unpacked)

    assert [record.offset for record in found] == [5, 6, 7, 8, 9, 10]
    assert [record.headers[0][0] for record in found] == ["a", "b", "c", "\ufffd\ufffd", "e", "f"]
    assert {record.value for record in found} == {b"value" * 10}
    assert found[3].timestamp == 1_001


def test_given_whoever_reads_records_when_they_fetch_then_they_read_so() -> None:
    assert records.Record
    assert fetcher.MemoryRecords is LenientRecords  # pyright: ignore[reportPrivateImportUsage]
