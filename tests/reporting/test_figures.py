from datetime import UTC, datetime

import pytest

from services.reporting.domain.figures import Bucket, bucket_of
from tests.reporting.samples import a_snapshot


def test_given_a_case_received_late_in_the_utc_day_when_its_bucket_is_named_then_it_is_the_next_day_in_wita() -> None:
    case = a_snapshot(received_at=datetime(2026, 3, 31, 16, 30, tzinfo=UTC))

    bucket = bucket_of(case, case.agency)

    assert bucket.key == "2026-04-01|52.03.01|PUPR-52.03|road.damage"
    assert bucket.month.key == "2026-04|52.03.01|PUPR-52.03|road.damage"


@pytest.mark.parametrize(
    ("region", "bucket"),
    [("52.03.01.2001", "52.03.01"), ("52.03.01", "52.03.01"), ("52.03", "52.03"), ("52", "52"), (None, "52")],
)
def test_given_a_region_of_any_level_when_the_bucket_is_named_then_it_is_the_district_or_coarser(
    region: str | None, bucket: str
) -> None:
    case = a_snapshot(region=region)

    key = bucket_of(case, None).key

    assert key == f"2026-03-05|{bucket}|-|road.damage"


def test_given_the_key_of_a_bucket_when_it_is_parsed_then_it_is_the_same_bucket() -> None:
    bucket = Bucket("2026-03", "52.03", "PUPR-52.03", "road.damage")

    parsed = Bucket.parse(bucket.key)

    assert parsed == bucket
    assert parsed.period == "month"
