"""Files of rows, as people make them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.bulk.columns import Names, column_of, read_row, unknown_columns
from deploy.bulk.files import FileUnreadable, read_table
from deploy.bulk.moments import read_moment
from shared.wita import WITA

NAMES = Names(
    {"jalan rusak": "road.damage", "road.damage": "road.damage"},
    {"52.03": ["52.03"], "lombok timur": ["52.03"], "bagik papan": ["52.03.14.2004", "52.03.05.2009"]},
)
OPTIONS = Names.of(
    {
        "categories": [{"id": "road.damage", "name": {"id": "Jalan rusak", "en": "Damaged road"}}],
        "regions": [
            {"id": "52.03", "name": "Kabupaten Lombok Timur"},
            {"id": "52.06", "name": "Kabupaten Bima"},
            {"id": "52.72", "name": "Kota Bima"},
        ],
    }
)
MOST = datetime(2099, 12, 31)  # noqa: DTZ001 - what is drawn has no time zone, as what is written
TEXT = "Jalan berlubang di depan pasar"


def a_file(folder: Path, content: str | bytes, name: str = "aduan.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    "content",
    [
        "nomor,isi\n1,Drainase tersumbat\n2,Café\n".encode(),
        "nomor,isi\r\n1,Drainase tersumbat\r\n2,Café\r\n".encode("utf-8-sig"),
        "nomor;isi\r\n1;Drainase tersumbat\r\n2;Café\r\n".encode("utf-8-sig"),
        "sep=;\r\nnomor;isi\r\n1;Drainase tersumbat\r\n2;Café\r\n".encode(),
        "nomor;isi\n1;Drainase tersumbat\n;\n2;Café\n".encode("cp1252"),
        "nomor\tisi\n1\tDrainase tersumbat\n2\tCafé".encode(),
    ],
)
def test_given_the_same_rows_when_any_program_wrote_them_then_they_are_read_alike(
    tmp_path: Path, content: bytes
) -> None:
    table = read_table(a_file(tmp_path, content))

    assert [dict(row.values) for row in table.rows] == [
        {"nomor": "1", "isi": "Drainase tersumbat"},
        {"nomor": "2", "isi": "Café"},
    ]


def test_given_cells_of_several_lines_when_a_file_is_read_then_each_row_knows_where_it_begins(tmp_path: Path) -> None:
    table = read_table(a_file(tmp_path, 'isi\n"satu\ndua"\n\ntiga\n'))

    assert [(row.line, row.values["isi"]) for row in table.rows] == [(2, "satu\ndua"), (5, "tiga")]


def test_given_json_lines_when_they_are_read_then_each_object_is_a_row(tmp_path: Path) -> None:
    table = read_table(a_file(tmp_path, '{"isi": "satu"}\n\n{"isi": "dua", "anonim": true}\n', "aduan.jsonl"))

    assert [(row.line, dict(row.values)) for row in table.rows] == [
        (1, {"isi": "satu"}),
        (3, {"isi": "dua", "anonim": True}),
    ]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ("a,a\n1,2\n", "aduan.csv"),
        ("", "aduan.csv"),
        ("a,b\n1,2,3\n", "aduan.csv"),
        ("[1]\n", "aduan.jsonl"),
        ("{\n", "aduan.jsonl"),
        ("a,b\n", "aduan.xlsx"),
    ],
)
def test_given_what_is_no_file_of_rows_when_it_is_read_then_it_is_said(tmp_path: Path, content: str, name: str) -> None:
    with pytest.raises(FileUnreadable):
        read_table(a_file(tmp_path, content, name))


def test_given_refused_rows_when_they_are_written_then_they_come_back_as_they_were_with_the_reason(
    tmp_path: Path,
) -> None:
    table = read_table(a_file(tmp_path, 'nomor;isi;foto\n1;"a;b\nc";\n2;x;\n'))

    written = table.with_reasons([(table.rows[0], "isi: kurang")])

    again = read_table(a_file(tmp_path, "\ufeff" + written))
    assert again.delimiter == ";"
    assert dict(again.rows[0].values) == {
        "nomor": "1",
        "isi": "a;b\nc",
        "foto": "",
        "line": "2",
        "reason": "isi: kurang",
    }
    assert unknown_columns(again.columns) == []


@pytest.mark.parametrize(
    "written",
    [
        "17/08/2021 14.30",
        "17-08-2021 14:30",
        "17.8.2021 14:30:00",
        "17 Agustus 2021 pukul 14.30 WITA",
        "Selasa, 17 agustus 2021 jam 14.30",
        "17 Agu 2021, 14.30",
        "17-Aug-2021 14:30",
        "2021-08-17T14:30",
        "2021-08-17 14:30",
        "2021-08-17T06:30Z",
        "2021-08-17T13:30+07:00",
    ],
)
def test_given_one_moment_when_it_is_written_in_any_way_then_it_is_that_moment(written: str) -> None:
    assert read_moment(written).astimezone(UTC) == datetime(2021, 8, 17, 6, 30, tzinfo=UTC)


@pytest.mark.parametrize("written", ["5 Mei 2021", "05/05/2021", "5-5-2021", "2021-05-05", "5 May 2021"])
def test_given_a_day_alone_when_it_is_read_then_it_is_its_beginning(written: str) -> None:
    assert read_moment(written) == datetime(2021, 5, 5, tzinfo=WITA)


@pytest.mark.parametrize(
    "written", ["31/02/2021", "17/13/2021", "17 Xyz 2021", "kemarin", "17/08/21", "1 Mei 2021 10.00 WIB"]
)
def test_given_what_is_no_day_when_it_is_read_then_it_is_refused(written: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - several sentences
        read_moment(written)


@given(st.datetimes(MOST.replace(year=1991), MOST))
def test_given_any_moment_when_it_is_written_in_numbers_then_the_day_comes_before_the_month(moment: datetime) -> None:
    assert read_moment(f"{moment:%d/%m/%Y %H.%M}") == moment.replace(second=0, microsecond=0, tzinfo=WITA)


def test_given_a_row_in_indonesian_when_it_is_read_then_it_is_a_complaint() -> None:
    row = {
        "Nomor": "A-17",
        "Kategori": "Jalan Rusak",
        "Isi": TEXT,
        "Wilayah": "Lombok Timur",
        "Lintang": "-8,6497",
        "Bujur": "116,5402",
        "Nama": "Sitti",
        "No HP": "0812 3456 7890",
        "Anonim": "tidak",
        "Tanggal diterima": "17 Agustus 2021",
        "Saluran": "letter",
        "Sumber": "Surat 12/VIII/2021",
        "answer.road_class": "regency",
        "Diajukan oleh": "village_head",
        "Kuasa": "spoken",
        "Nama pihak": "Inaq Sahnim",
        "Foto": "jalan.jpg",
        "Email": " ",
    }

    read = read_row(row, NAMES, "import")

    assert (read.key, list(read.faults)) == ("A-17", [])
    assert dict(read.body) == {
        "category": "road.damage",
        "text": TEXT,
        "location": {"region": "52.03", "latitude": -8.6497, "longitude": 116.5402},
        "reporter": {"name": "Sitti", "phone": "0812 3456 7890"},
        "anonymous": False,
        "received_at": "2021-08-17T00:00:00+08:00",
        "channel": "letter",
        "source": "Surat 12/VIII/2021",
        "answers": {"road_class": "regency"},
        "proxy": {"kind": "village_head", "mandate": "spoken", "subject": {"name": "Inaq Sahnim"}},
    }
    assert unknown_columns(list(row)) == []


@pytest.mark.parametrize(
    ("values", "column"),
    [
        ({"isi": ""}, "text"),
        ({"kategori": ""}, "category"),
        ({"wilayah": ""}, "region"),
        ({"wilayah": "Bagik Papan"}, "wilayah"),
        ({"wilayah": "Denpasar"}, "wilayah"),
        ({"lintang": "selatan"}, "lintang"),
        ({"anonim": "mungkin"}, "anonim"),
        ({"tanggal": "kemarin"}, "tanggal"),
    ],
)
def test_given_a_row_with_a_fault_when_it_is_read_then_its_column_is_named(values: dict[str, Any], column: str) -> None:
    row = {"kategori": "road.damage", "isi": TEXT, "wilayah": "52.03"} | values

    assert [fault[0] for fault in read_row(row, NAMES, "import").faults] == [column]


def test_given_a_fault_that_the_server_finds_when_it_is_told_then_the_column_is_named_as_in_the_file() -> None:
    columns = ["Nomor", "Nama", "answer.road_class"]

    assert column_of("reporter.name", columns) == "Nama"
    assert column_of("answers.road_class", columns) == "answer.road_class"
    assert column_of("location", columns) == "location"


def test_given_a_column_that_means_nothing_when_a_file_is_read_then_it_is_named() -> None:
    assert unknown_columns(["isi", "warna", "line", "reason", ""]) == ["warna"]


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("Lombok Timur", "52.03"),
        ("Kab. Lombok Timur", "52.03"),
        ("KABUPATEN LOMBOK TIMUR", "52.03"),
        ("Kota Bima", "52.72"),
    ],
)
def test_given_a_regency_when_it_is_written_as_people_do_then_it_is_found(written: str, code: str) -> None:
    read = read_row({"kategori": "Damaged road", "isi": TEXT, "wilayah": written}, OPTIONS, "letter")

    assert (read.body["category"], read.body["location"], list(read.faults)) == ("road.damage", {"region": code}, [])


def test_given_a_name_that_several_places_have_when_it_is_read_then_all_are_told() -> None:
    read = read_row({"kategori": "Jalan rusak", "isi": TEXT, "wilayah": "Bima"}, OPTIONS, "letter")

    assert list(read.faults) == [("wilayah", "names several places: 52.06, 52.72")]
