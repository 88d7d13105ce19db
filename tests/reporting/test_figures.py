from datetime import UTC, datetime, timedelta

import pytest

from services.reporting.domain.figures import Bucket, bucket_of, duration_figure, figures_of
from shared.events.case import PromiseKind, Status
from tests.reporting.samples import RECEIVED_AT, a_promise, a_snapshot, followed_up, hours


def test_given_a_case_received_late_in_the_utc_day_when_its_bucket_is_named_then_it_is_the_next_day_in_wita() -> None:
    case = a_snapshot(received_at=datetime(2026, 3, 31, 16, 30, tzinfo=UTC))

    bucket = bucket_of(case)

    assert bucket.key == "2026-04-01|52.03.01|PUPR-52.03|road.damage"
    assert bucket.month.key == "2026-04|52.03.01|PUPR-52.03|road.damage"


@pytest.mark.parametrize(
    ("region", "bucket"),
    [("52.03.01.2001", "52.03.01"), ("52.03.01", "52.03.01"), ("52.03", "52.03"), ("52", "52"), (None, "52")],
)
def test_given_a_region_of_any_level_when_the_bucket_is_named_then_it_is_the_district_or_coarser(
    region: str | None, bucket: str
) -> None:
    case = a_snapshot(region=region, agency=None)

    key = bucket_of(case).key

    assert key == f"2026-03-05|{bucket}|-|road.damage"


def test_given_the_key_of_a_bucket_when_it_is_parsed_then_it_is_the_same_bucket() -> None:
    bucket = Bucket("2026-03", "52.03", "PUPR-52.03", "road.damage")

    parsed = Bucket.parse(bucket.key)

    assert parsed == bucket
    assert parsed.period == "month"


def test_given_a_new_case_when_it_is_counted_then_it_is_only_received() -> None:
    case = a_snapshot(status=Status.RECEIVED)

    figures = figures_of(case)

    assert figures == ["received"]


def test_given_a_resolved_case_when_it_is_counted_then_counts_times_and_promises_are_there() -> None:
    case = a_snapshot(
        status=Status.RESOLVED,
        promises=(
            a_promise(PromiseKind.RESPONSE, due_after=24, met_after=24),
            a_promise(PromiseKind.VERIFICATION, due_after=72),
            a_promise(PromiseKind.FIRST_FOLLOW_UP, due_after=120, met_after=30),
            a_promise(PromiseKind.RESOLUTION, due_after=720, met_after=721),
        ),
    )

    figures = figures_of(case)

    assert figures == [
        "received",
        "followed_up",
        "done",
        "follow_up_within_48",
        "resolution_within_1080",
        "response_on_time",
        "verification_open_20260308",
        "first_follow_up_on_time",
        "resolution_late",
    ]


def test_given_a_confidential_case_when_it_is_counted_then_its_counts_are_kept_apart() -> None:
    case = a_snapshot(confidential=True, status=Status.RESOLVED, promises=followed_up(met_after=3))

    figures = figures_of(case)

    assert figures == [
        "confidential_received",
        "confidential_followed_up",
        "confidential_done",
        "follow_up_within_4",
        "first_follow_up_on_time",
    ]


def test_given_a_case_entered_afterwards_when_it_is_counted_then_it_says_nothing_about_times() -> None:
    case = a_snapshot(historical=True, status=Status.RESOLVED, promises=followed_up())

    figures = figures_of(case)

    assert figures == ["received", "followed_up", "done"]


def test_given_durations_at_the_edges_when_their_bins_are_named_then_an_edge_belongs_to_the_bin_below() -> None:
    durations = [timedelta(hours=1), timedelta(hours=1, seconds=1), timedelta(days=120), timedelta(days=121)]

    bins = [duration_figure("resolution", duration) for duration in durations]

    assert bins == ["resolution_within_1", "resolution_within_2", "resolution_within_2880", "resolution_beyond"]


def test_given_a_promise_that_ended_with_its_case_when_it_is_counted_then_it_is_neither_open_nor_late() -> None:
    running = a_promise(PromiseKind.RESOLUTION, 120)
    ended = running.model_copy(update={"ended_at": RECEIVED_AT + hours(2)})

    assert any(figure.startswith("resolution_open") for figure in figures_of(a_snapshot(promises=(running,))))
    assert not any(figure.startswith("resolution") for figure in figures_of(a_snapshot(promises=(ended,))))
