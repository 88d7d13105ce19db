"""An import into intake as it is, in memory: what is sent again is the same, and nothing is sent that need not be."""

from collections.abc import AsyncGenerator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from deploy.bulk.columns import Names
from deploy.bulk.files import Row, Table, read_table
from deploy.bulk.sending import Importer, ImportStopped, Journal
from deploy.commands.intake import import_rows, write_refused
from shared.events.complaints import ComplaintSubmitted
from shared.wita import WITA
from tests.intake.gates import AS_CLERK, Replica, a_door
from tests.shared.fakes import FakePublisher

TEXT = "Jalan berlubang di depan pasar"


@pytest.fixture
async def door(publisher: FakePublisher) -> AsyncGenerator[Replica]:
    async with a_door(publisher) as door:
        door.http.headers.update(AS_CLERK)
        yield door


def a_table(*rows: dict[str, Any]) -> Table:
    given = {"kategori": "road.damage", "isi": TEXT, "wilayah": "52.03", "nama": "Sitti", "tanggal": "17 Agustus 2021"}
    return Table([Row(number, given | row) for number, row in enumerate(rows, 2)], list(given | {"nomor": ""}))


async def an_import(door: Replica, folder: Path, table: Table, **settings: Any) -> Importer:
    journal = Journal(folder / "aduan.csv.accepted.csv")
    journal.read()
    importer = Importer(door.http, table, Names(), journal, "letter", **settings)
    await importer.run(4, lambda: None)
    return importer


def tickets(publisher: FakePublisher) -> list[str]:
    return [record.key for record in publisher.published if record.topic == "complaints"]


async def test_given_rows_of_the_past_when_they_are_imported_then_they_are_historical_and_codes_are_written_down(
    door: Replica, publisher: FakePublisher, tmp_path: Path
) -> None:
    importer = await an_import(door, tmp_path, a_table({"nomor": "A-1"}, {"nomor": "A-2"}))

    assert importer.outcome.counts == {"accepted": 2}
    facts = ComplaintSubmitted.model_validate_json(publisher.published[1].value or b"")
    assert (facts.historical, facts.channel) == (True, "letter")
    assert facts.received_at == datetime(2021, 8, 17, tzinfo=WITA)
    journal = tmp_path / "aduan.csv.accepted.csv"
    head, *lines = journal.read_text().splitlines()
    assert head == "key,line,id,ticket,tracking_code,subject_code"
    assert {line.split(",")[2] for line in lines} == {"A-1", "A-2"}
    assert journal.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("named", [{"nomor": "A-1"}, {}])
async def test_given_an_import_when_it_is_run_again_then_nothing_is_sent_and_without_its_journal_the_same(
    door: Replica, publisher: FakePublisher, tmp_path: Path, named: dict[str, str]
) -> None:
    table = a_table(named, {"nomor": "B", "isi": f"{TEXT} baru"})
    await an_import(door, tmp_path, table)
    first = tickets(publisher)

    again = await an_import(door, tmp_path, table)
    (tmp_path / "aduan.csv.accepted.csv").unlink()
    anew = await an_import(door, tmp_path, table)

    assert again.outcome.counts == {"before": 2}
    assert anew.outcome.counts == {"accepted": 2}
    assert sorted(tickets(publisher)) == sorted(first * 2)


async def test_given_rows_that_say_the_same_when_they_are_imported_then_they_are_as_many_complaints(
    door: Replica, publisher: FakePublisher, tmp_path: Path
) -> None:
    await an_import(door, tmp_path, a_table({}, {}, {}))

    assert len(set(tickets(publisher))) == 3


async def test_given_two_files_that_both_begin_at_number_one_when_imported_then_nobody_gets_a_ticket_of_the_other(
    door: Replica, publisher: FakePublisher, tmp_path: Path
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()

    await an_import(door, tmp_path / "a", a_table({"nomor": "1"}))
    await an_import(door, tmp_path / "b", a_table({"nomor": "1", "nama": "Baiq", "isi": f"{TEXT} Selong"}))

    assert len(set(tickets(publisher))) == 2


async def test_given_an_accepted_row_that_was_changed_when_its_file_is_run_again_then_it_is_refused_with_its_ticket(
    door: Replica, publisher: FakePublisher, tmp_path: Path
) -> None:
    await an_import(door, tmp_path, a_table({"nomor": "1"}))

    changed = await an_import(door, tmp_path, a_table({"nomor": "1", "isi": f"{TEXT} Selong"}))

    ((_, reason),) = changed.outcome.refused
    assert reason == f"id: 1 was accepted as {tickets(publisher)[0]}, and the row has changed since"
    assert len(tickets(publisher)) == 1


async def test_given_bad_rows_when_a_file_is_imported_then_each_says_what_is_wrong_and_the_rest_is_in(
    door: Replica, publisher: FakePublisher, tmp_path: Path
) -> None:
    table = a_table(
        {"nomor": "1"},
        {"nomor": "2", "kategori": "road.unknown"},
        {"nomor": "3", "tanggal": "kemarin"},
        {"nomor": "4", "nama": "", "isi": "pendek"},
        {"nomor": "1", "isi": f"{TEXT} lagi"},
    )

    importer = await an_import(door, tmp_path, table)

    told = {row.line: reason for row, reason in importer.outcome.refused}
    assert importer.outcome.counts == {"accepted": 1, "refused": 4}
    assert told[3].startswith("kategori: is not a category")
    assert told[4].startswith("tanggal: ")
    assert "isi: should have at least 10 characters" in told[5]
    assert "nama: is needed" in told[5]
    assert told[6] == "id: 1 stands on an earlier line too"
    assert len(tickets(publisher)) == 1


async def test_given_a_mended_row_when_it_is_imported_then_only_it_is_sent(
    door: Replica, publisher: FakePublisher, tmp_path: Path
) -> None:
    await an_import(door, tmp_path, a_table({"nomor": "1"}, {"nomor": "2", "isi": "pendek"}))

    importer = await an_import(door, tmp_path, a_table({"nomor": "1"}, {"nomor": "2"}))

    assert importer.outcome.counts == {"before": 1, "accepted": 1}
    assert len(set(tickets(publisher))) == 2


async def test_given_a_dry_run_when_a_file_is_checked_then_the_same_is_refused_and_nothing_published(
    door: Replica, publisher: FakePublisher, tmp_path: Path
) -> None:
    table = a_table({"nomor": "1"}, {"nomor": "2", "kategori": "road.unknown"}, {"nomor": "3", "isi": "pendek"})

    checked = await an_import(door, tmp_path, table, dry_run=True)
    imported = await an_import(door, tmp_path, table)

    assert checked.outcome.counts == {"valid": 1, "refused": 2}
    assert sorted(reason for _, reason in checked.outcome.refused) == sorted(
        reason for _, reason in imported.outcome.refused
    )
    assert len(publisher.published) == 2


async def test_given_a_server_that_is_busy_when_it_says_how_long_then_the_import_waits_and_goes_on(
    publisher: FakePublisher, tmp_path: Path
) -> None:
    async with a_door(publisher, clients="2/second") as door:
        door.clock.ticking = True
        door.http.headers.update(AS_CLERK)
        importer = await an_import(door, tmp_path, a_table(*({"nomor": str(number)} for number in range(5))))

    assert importer.outcome.counts == {"accepted": 5}


async def test_given_a_server_that_stays_away_when_rows_are_imported_then_it_stops_and_goes_on_there_later(
    door: Replica, publisher: FakePublisher, tmp_path: Path
) -> None:
    table = a_table(*({"nomor": str(number)} for number in range(6)))
    publisher.refuse_after = 4
    with pytest.raises(ImportStopped, match="503"):
        await an_import(door, tmp_path, table, patience_s=0.1)
    publisher.refuse_after = None

    importer = await an_import(door, tmp_path, table)

    assert importer.outcome.counts["before"] >= 1
    assert importer.outcome.counts["before"] + importer.outcome.counts["accepted"] == 6
    assert len(set(tickets(publisher))) == 6


async def test_given_a_journal_whose_last_line_was_cut_off_when_it_is_read_then_that_row_is_sent_again(
    door: Replica, publisher: FakePublisher, tmp_path: Path
) -> None:
    table = a_table({"nomor": "1"}, {"nomor": "2"})
    await an_import(door, tmp_path, table)
    journal = tmp_path / "aduan.csv.accepted.csv"
    journal.write_text(journal.read_text()[:-20])

    importer = await an_import(door, tmp_path, table)

    assert importer.outcome.counts == {"before": 1, "accepted": 1}
    assert len(journal.read_text().splitlines()) == 3
    assert len(set(tickets(publisher))) == 2


async def test_given_a_token_that_is_not_valid_when_a_file_is_imported_then_it_stops_at_once(
    door: Replica, tmp_path: Path
) -> None:
    door.http.headers["Authorization"] = "Bearer ntb_setda_wrong"

    with pytest.raises(ImportStopped, match="401"):
        await an_import(door, tmp_path, a_table({"nomor": "1"}))


async def test_given_a_file_by_names_when_it_is_imported_as_the_command_does_then_refused_rows_lie_beside_it_and_mend(
    door: Replica, publisher: FakePublisher, tmp_path: Path
) -> None:
    file = tmp_path / "aduan.csv"
    head = "nomor;kategori;isi;wilayah;nama\r\n"
    file.write_text(
        f"{head}1;Jalan rusak;{TEXT};Lombok Timur;Sitti\r\n2;Jalan rusak;{TEXT};Denpasar;Ani\r\n", "utf-8-sig"
    )

    async def imported(path: Path) -> Importer:
        table, journal = read_table(path), Journal(tmp_path / f"{path.name}.accepted.csv")
        journal.read()
        importer, stopped = await import_rows(door.http, (table, journal), 2, {"channel": "paper_form"})
        write_refused(path, table, importer, complete=stopped is None)
        return importer

    first = await imported(file)
    refused = tmp_path / "aduan.csv.refused.csv"
    mended = tmp_path / "mended.csv"
    mended.write_text(refused.read_text("utf-8-sig").replace("Denpasar", "Kota Mataram"))
    second = await imported(mended)

    assert first.outcome.counts == {"accepted": 1, "refused": 1}
    assert refused.read_bytes().startswith(b"\xef\xbb\xbfnomor;kategori;isi;wilayah;nama;line;reason\r\n2;")
    assert second.outcome.counts == {"accepted": 1}, second.outcome.refused
    regions = [
        ComplaintSubmitted.model_validate_json(record.value or b"").region for record in publisher.published[1::2]
    ]
    assert regions == ["52.03", "52.71"]
