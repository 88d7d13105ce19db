"""What the pages of agencies, of scorecards, of where it sits and of the morning show, from literal figures."""

from collections.abc import Mapping
from datetime import date

from services.reporting.domain.scorecards import Share, shares_of
from services.reporting.domain.sitting import where_it_sits
from services.reporting.pages.agencies import Seen, months_of, show_agencies
from services.reporting.pages.brief import Seen as Morning
from services.reporting.pages.brief import as_message, show_brief
from services.reporting.pages.periods import Period
from services.reporting.pages.sitting import show_sitting
from services.reporting.pages.today import Picture, show_today
from shared.directory import Directory
from shared.events.directory import AgencyLevel
from shared.events.event import Language
from tests.reporting.samples import an_agency
from tests.reporting.speaking import a_speaker
from tests.reporting.tallying import DEFINITIONS

TODAY = date(2026, 4, 10)


def answered(in_time: int, late: int) -> Mapping[str, Share]:
    """So many answers in time, so many too late."""
    numbers = {"received": in_time + late, "response_in_time": in_time, "response_late": late}
    return shares_of(numbers, DEFINITIONS.figures)


def a_table(level: str = "", **every: Mapping[str, Share]) -> Seen:
    """`_` stands for nobody."""
    named = {name.replace("_", "-"): one for name, one in every.items()}
    return Seen("12-bulan", months_of("12-bulan", TODAY), level, named, {"BB": 3})


NAMES = Directory.of(
    *(an_agency(name, level=AgencyLevel.PROVINCE, region="52") for name in ("AA", "BB", "CC", "DD")), an_agency("EE")
)


def test_given_few_and_many_answers_when_agencies_are_ordered_then_three_of_three_do_not_beat_ninety_five() -> None:
    seen = a_table(AA=answered(3, 0), BB=answered(95, 5), CC=answered(20, 0), DD=answered(10, 10))

    page = show_agencies(seen, a_speaker(names=NAMES))

    assert [(row.place, row.agency) for row in page.compared] == [("1", "BB"), ("2", "CC"), ("3", "DD")]
    assert [(row.place, row.agency) for row in page.of_few] == [("", "AA")]
    assert (page.compared[0].in_time, page.compared[0].in_time_of) == ("95,0 %", "95 dari 100")
    assert page.compared[0].late == "3"


def test_given_19_answers_when_agencies_are_shown_then_they_are_too_few_and_20_are_enough() -> None:
    page = show_agencies(a_table(AA=answered(19, 0), BB=answered(20, 0)), a_speaker(names=NAMES))

    assert [row.agency for row in page.of_few] == ["AA"]
    assert [row.agency for row in page.compared] == ["BB"]


def test_given_a_level_when_agencies_are_shown_then_only_those_of_it_are_and_cases_of_nobody_are_told_apart() -> None:
    seen = a_table("kabupaten", AA=answered(30, 0), EE=answered(30, 0), _=answered(4, 0))

    page = show_agencies(seen, a_speaker(names=NAMES))

    assert [row.agency for row in page.compared] == ["EE"]
    assert page.of_few == []
    assert page.without == "4"


def test_given_kinds_of_months_when_their_days_are_made_then_they_are_whole_months() -> None:
    spans = {kind: (months_of(kind, TODAY).first, months_of(kind, TODAY).last) for kind in ("bulan-lalu", "semua", "x")}

    assert spans == {
        "bulan-lalu": (date(2026, 3, 1), date(2026, 3, 31)),
        "semua": (date(2018, 10, 1), date(2026, 4, 30)),
        "x": (date(2025, 5, 1), date(2026, 4, 30)),
    }


def test_given_cases_that_sit_when_the_page_is_made_then_heat_follows_the_oldest_and_words_stand_beside() -> None:
    numbers = {
        "sits_assigned_since_20260301": 3,
        "sits_accepted_since_20260410": 1,
        "stayed_assigned_within_7": 5,
        "stayed_in_progress_within_1": 2,
    }
    bodies = where_it_sits([("PUPR-52.03", numbers), ("-", {"sits_received_since_20260408": 1})], DEFINITIONS, TODAY)

    page = show_sitting(bodies, [], a_speaker())

    road, nobody = page.rows
    assert (road.name, road.href, road.days) == ("id PUPR-52.03", "/rapor/PUPR-52.03", "120")
    assigned, accepted = road.cells[2], road.cells[3]
    assert (assigned.now, assigned.oldest, assigned.heat) == ("3", "tertua 40 hari", 5)
    assert (accepted.now, accepted.oldest, accepted.heat) == ("1", "sejak hari ini", 1)
    assert assigned.before == "biasanya 5 hari (5 aduan)"
    assert (road.cells[4].now, road.cells[4].before) == ("", "biasanya sehari atau kurang (2 aduan)")
    assert assigned.href == "/aduan?instansi=PUPR-52.03&status=assigned"
    assert (nobody.name, nobody.href) == ("belum ada instansi", None)
    assert [cell.heat for cell in nobody.cells] == [1, 0, 0, 0, 0, 0, 0]
    assert page.legend[-1].name == "lebih dari 30 hari"


def test_given_the_real_numbers_of_2021_when_the_start_page_is_made_then_185_of_278_are_66_5_percent() -> None:
    numbers = {"received": 278, "followed_up": 185, "done": 61, "late": 4}
    picture = Picture(Period.of("semua", TODAY), numbers, None, 4, [("2026-03", numbers)], [], [], complete=True)

    page = show_today(picture, a_speaker())

    assert [(one.id, one.number, one.share) for one in page.figures] == [
        ("received", "278", None),
        ("followed_up", "185", "66,5 %"),
        ("done", "61", "21,9 %"),
        ("late", "4", None),
    ]
    assert [one.href for one in page.figures] == ["/aduan", None, None, "/aduan?angka=late"]
    assert len(page.months) == 12
    assert (page.months[-2].received, page.months[-1].received) == ("278", "0")
    assert page.months[-2].href == "/aduan?dari=2026-03-01&sampai=2026-03-31"


def test_given_the_time_before_when_the_start_page_is_made_then_it_is_compared_in_words() -> None:
    numbers = {"received": 10, "followed_up": 5, "done": 0, "late": 2}
    before = {"received": 8, "followed_up": 6, "done": 0, "late": 9}
    picture = Picture(Period.of("30-hari", TODAY), numbers, before, 2, [], [], [], complete=False)

    page = show_today(picture, a_speaker(Language.ENGLISH))

    assert [one.before for one in page.figures] == [
        "2 more than in the time before: 8.",
        "1 fewer than in the time before: 6 (75.0 %).",
        "The same as in the time before: 0 (0.0 %).",
        None,
    ]
    assert page.figures[1].href == "/aduan?angka=followed_up&dari=2026-03-12&sampai=2026-04-10"
    assert page.is_live


def a_morning(**changes: int) -> Morning:
    return Morning(
        yesterday=7,
        categories=[("env.waste", {"received": 2}), ("road.damage", {"received": 5})],
        open_now={"late": 12, "urgent_open": 3, "due_on_20260410": 4, "due_on_20260413": 6, "due_on_20260411": 9}
        | changes,
        late_by_agency={"PUPR-52.03": 8, "DINSOS-P3A": 0, "-": 4},
        late_by_region={"52.03": 12},
        became_late=[],
        longest=[],
    )


def test_given_a_friday_when_the_brief_is_made_then_what_is_due_next_is_due_on_monday() -> None:
    brief = show_brief(a_morning(), a_speaker())

    assert [(one.name, one.number, one.href) for one in brief.due] == [
        ("Jatuh tempo hari ini, 10 Apr 2026", "4", "/aduan?angka=due_on_20260410"),
        ("Jatuh tempo hari kerja berikutnya, 13 Apr 2026", "6", "/aduan?angka=due_on_20260413"),
    ]
    assert [(one.name, one.number) for one in brief.categories] == [("id road.damage", "5"), ("id env.waste", "2")]
    assert [(one.name, one.number) for one in brief.agencies] == [("id PUPR-52.03", "8"), ("belum ada instansi", "4")]
    assert brief.agencies[1].href == "/aduan?angka=late&instansi=-"


def test_given_a_brief_when_it_is_a_message_then_its_lines_are_short_and_say_the_same() -> None:
    say = a_speaker()

    message = as_message(show_brief(a_morning(), say), say, "https://ntbcare.example")

    assert message.splitlines()[:4] == [
        "*NTB Care, 10 Apr 2026*",
        "",
        "Masuk kemarin (9 Apr 2026): 7",
        "- id road.damage: 5",
    ]
    assert "Terlambat sekarang: 12" in message
    assert "- Lombok Timur: 12" in message
    assert message.endswith("https://ntbcare.example/pagi\n")
    assert max(map(len, message.splitlines())) <= 60
