"""What a case is found by."""

import re
import string
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.domain.case import StoredCase
from services.reporting.domain.projection import Erased, Told, project
from services.reporting.domain.search import MOST_ASKED, MOST_STEMS, Wanted, ask, found_by, words_of
from shared.events.case import Status
from shared.events.words import WordsRecorded
from tests.reporting.samples import a_directory, a_personal_part, a_step, a_submission, some_words, ticket

DIRECTORY: Final = a_directory()
TEXTS: Final = st.text(st.sampled_from(string.ascii_letters + string.digits + " .,-'é\u0301Üğ/_\n"), max_size=200)


def stored(*records: Told | Erased) -> StoredCase:
    """Of ticket 1, as it is after all of them."""
    projection = project((ticket(1), record) for record in records)[ticket(1)]
    return StoredCase(
        ticket=projection.ticket,
        submission=projection.submission,
        head=projection.head,
        history=projection.history,
        personal=projection.personal,
        words=projection.words,
    )


def is_found(case: StoredCase, entered: str) -> bool:
    """By all its words; by a question without words nothing is."""
    words = ask(entered).words
    return bool(words) and set(words) <= set(found_by(case, DIRECTORY))


def published(sequence: int, text: str) -> tuple[WordsRecorded, Told]:
    words = some_words(1, sequence, text)
    return words, a_step(1, sequence, "case.published.v1", words=words.key, publication=words.key)


def progressed(sequence: int, text: str, **changes: object) -> tuple[WordsRecorded, Told]:
    words = some_words(1, sequence, text)
    return words, a_step(1, sequence, "progressed", words=words.key, **changes)


@pytest.mark.parametrize(
    "entered",
    [
        "jalan berlubang",
        "Lubang jalanan",
        "JALAN",
        "keruak",
        "Sepit",
        "Lombok Timur",
        "PUPR",
        "en road.damage",
        "ditambal",
    ],
)
def test_given_a_public_case_when_its_public_words_are_asked_for_then_it_is_found(entered: str) -> None:
    case = stored(*progressed(1, "Akan kami tambal"), *published(2, "Jalan dépan pasar berlubang"))

    assert is_found(case, entered)


def test_given_words_of_two_cases_when_all_are_asked_for_then_neither_is_found() -> None:
    assert not is_found(stored(*published(1, "Jembatan rusak")), "jembatan sampah")


def test_given_private_texts_when_their_words_are_asked_for_then_nothing_is_found() -> None:
    question = some_words(1, 1, "rahasianya")
    case = stored(a_submission(1), a_personal_part(1, "tersembunyi"), question, a_step(1, 1, words=question.key))

    assert not is_found(case, "tersembunyi")
    assert not is_found(case, "rahasianya")


def test_given_a_confidential_case_when_it_is_made_ready_for_search_then_nothing_finds_it() -> None:
    assert found_by(stored(*progressed(1, "Sudah", confidential=True)), DIRECTORY) == []


def test_given_published_words_when_they_are_erased_then_they_find_nothing() -> None:
    words, step = published(1, "Jembatan rusak")

    case = stored(words, step, Erased("words", words.key))

    assert not is_found(case, "jembatan")
    assert is_found(case, "Keruak")


def test_given_a_publication_when_it_is_taken_back_then_its_words_find_nothing() -> None:
    taken_back = a_step(1, 2, "case.unpublished.v1")

    assert not is_found(stored(*published(1, "Jembatan rusak"), taken_back), "jembatan")


def test_given_a_publication_when_another_replaces_it_then_only_the_newer_words_find_the_case() -> None:
    case = stored(*published(1, "Jembatan rusak milik Amaq Sahnun"), *published(2, "Jembatan rusak"))

    assert is_found(case, "jembatan")
    assert not is_found(case, "sahnun")


def test_given_a_sensitive_case_when_its_village_is_asked_for_then_it_is_not_found() -> None:
    case = stored(a_step(1, 1, category="social.aid"))

    assert is_found(case, "Lombok Timur")
    assert not is_found(case, "Keruak")
    assert not is_found(case, "Sepit")


def test_given_very_long_texts_when_they_are_made_ready_then_there_is_an_end_and_names_stay() -> None:
    case = stored(*published(1, " ".join(f"kata{number}" for number in range(2 * MOST_STEMS))))

    assert len(found_by(case, DIRECTORY)) == MOST_STEMS
    assert is_found(case, "Keruak")
    assert found_by(case, DIRECTORY) == sorted(found_by(case, DIRECTORY))


def test_given_a_ticket_when_it_is_spelled_in_another_way_then_it_is_understood() -> None:
    told = ticket(7)

    for spelled in (told, told.lower(), told.removeprefix("NTB-").replace("-", " ")):
        assert ask(spelled).ticket == told


@pytest.mark.parametrize("entered", ["", "   ", "di dan yang", "a b c", "?!", "the of"])
def test_given_nothing_that_can_be_looked_for_when_it_is_asked_then_that_is_said(entered: str) -> None:
    assert ask(entered) == Wanted()


def test_given_a_long_question_when_it_is_asked_then_only_its_first_words_count() -> None:
    assert len(ask(" ".join(f"kata{number}" for number in range(50))).words) == MOST_ASKED


@given(text=TEXTS)
def test_given_any_published_text_when_one_of_its_words_is_asked_for_then_the_case_is_found(text: str) -> None:
    case = stored(*published(1, text))

    for word in re.split(r"\s+", text):
        assert is_found(case, word) or not ask(word).words


@given(private=TEXTS, public=TEXTS)
def test_given_any_private_text_when_its_words_are_asked_for_then_only_public_words_find_the_case(
    private: str, public: str
) -> None:
    answer = some_words(1, 2, private)
    records = [
        a_submission(1),
        a_personal_part(1, private),
        *published(1, public),
        answer,
        a_step(1, 2, "resolved", words=answer.key, status=Status.RESOLVED, publication=some_words(1, 1).key),
    ]
    without = stored(*published(1, public))

    assert found_by(stored(*records), DIRECTORY) == found_by(without, DIRECTORY)


@given(text=st.text(max_size=100))
def test_given_any_text_at_all_when_words_are_made_of_it_then_they_are_short_and_the_same_again(text: str) -> None:
    words = list(words_of(text))

    assert all(0 < len(word) <= 40 for word in words)
    assert words == list(words_of(text.upper().lower())) or not text.isascii()
