"""The file for the Ombudsman on paper, by the real Typst."""

import asyncio
import io
from dataclasses import replace

import pytest
from pypdf import PdfReader

from services.reporting.domain.dossier import Dossier
from services.reporting.domain.projection import Erased
from services.reporting.dossier_pdf import sheet_of
from services.reporting.printing import Printer, PrinterBusy, render
from shared.events.event import Language
from tests.reporting.escalated import ACCEPTANCE, TEXT, a_dossier, until_the_ombudsman
from tests.reporting.samples import ticket

HOSTILE = [
    '#import "@preview/cetz:0.3.0": *',
    '#read("/etc/passwd")',
    '#panic("x")',
    "*tebal* _miring_ `kode` $x^2$ $",
    "= Judul",
    "\\ \\u{41} // komentar /* tanpa akhir",
    "<label> @tidak-ada ] } ) ' ~",
    "{by} %s {{ 7 * 7 }}",
]


def pages_of(pdf: bytes) -> list[str]:
    """The text of each page, with single blanks."""
    assert pdf.startswith(b"%PDF")
    texts = [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]
    return [" ".join(text.replace("\u200b", "").split()) for text in texts]


def printed(dossier: Dossier) -> bytes:
    return render(sheet_of(dossier))


def with_writing(dossier: Dossier, text: str) -> Dossier:
    first, *others = dossier.writings
    return replace(dossier, writings=[replace(first, text=text), *others])


def test_given_an_offered_file_when_it_is_printed_then_it_is_a_document_with_all_that_matters() -> None:
    pages = pages_of(printed(a_dossier(*until_the_ombudsman())))

    whole = " ".join(pages)
    assert len(pages) == 2
    assert "Halaman 1 dari 2" in pages[0]
    assert all(ticket(1) in page for page in pages)
    assert "tindak lanjut pertama: dilanggar: tidak dipenuhi, terlambat 28 hari 18 jam" in whole
    assert TEXT in whole
    assert ACCEPTANCE in whole
    assert "Kamis, 12 Maret 2026 pukul 16.00 WITA" in whole
    assert "Undang-Undang Nomor 37 Tahun 2008" in whole


def test_given_english_when_it_is_printed_then_its_labels_are_english() -> None:
    pages = pages_of(printed(a_dossier(*until_the_ombudsman(), language=Language.ENGLISH)))

    assert "File for the Ombudsman" in pages[0]
    assert "Page 1 of 2" in pages[0]
    assert "first follow-up: broken: not met, 28 days 18 hours late" in pages[0]


@pytest.mark.parametrize("text", HOSTILE)
def test_given_text_that_looks_like_code_when_it_is_printed_then_it_is_shown_as_it_was_written(text: str) -> None:
    dossier = a_dossier(*until_the_ombudsman())
    line = replace(dossier.history[2], told=text, words=text, by=text)
    hostile = replace(with_writing(dossier, text), history=[line], category_name=text, agency_name=text)

    whole = " ".join(pages_of(printed(hostile)))

    assert whole.count(text) >= 5


def test_given_odd_characters_and_endless_words_when_it_is_printed_then_it_still_is() -> None:
    text = "\x00\x07\u202e\ud7ff 😀 عربي " + "A" * 5_000 + "\r\n\t" + "\u0301" * 50
    dossier = with_writing(a_dossier(*until_the_ombudsman()), text)

    pages = pages_of(printed(dossier))

    assert "A" * 60 in "".join(pages).replace(" ", "")


def test_given_an_erased_text_when_it_is_printed_then_that_is_said() -> None:
    dossier = a_dossier(*until_the_ombudsman(), Erased("personal", f"{ticket(1)}:p1"))

    whole = " ".join(pages_of(printed(dossier)))

    assert "Tulisan ini sudah dihapus." in whole
    assert TEXT not in whole


def test_given_a_long_history_when_it_is_printed_then_every_page_has_its_number_and_the_tables_head() -> None:
    dossier = a_dossier(*until_the_ombudsman())
    lines = [replace(dossier.history[3], sequence=number) for number in range(1, 201)]

    pages = pages_of(printed(replace(dossier, history=lines)))

    assert len(pages) > 10
    assert all(f"Halaman {number} dari {len(pages)}" in page for number, page in enumerate(pages, start=1))
    assert "No. Waktu Peristiwa Oleh" in pages[5]


def test_given_one_moment_when_a_file_is_printed_twice_then_it_is_the_same() -> None:
    dossier = a_dossier(*until_the_ombudsman())

    assert printed(dossier) == printed(dossier)


async def test_given_as_many_waiting_as_may_when_another_is_asked_for_then_it_is_refused_until_they_are_done() -> None:
    printer, dossier = Printer(most_waiting=1), a_dossier(*until_the_ombudsman())

    outcomes = await asyncio.gather(*(printer.print(sheet_of(dossier)) for _ in range(3)), return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [bytes, bytes, PrinterBusy]
    assert (await printer.print(sheet_of(dossier))).startswith(b"%PDF")
