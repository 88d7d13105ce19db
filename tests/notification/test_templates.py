import json
import re
from collections.abc import Iterator, Mapping
from io import StringIO
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment, StrictUndefined, UndefinedError, meta

from services.notification.domain.kinds import OwnKind, parse_kind
from services.notification.forms import TEMPLATES, Forms, Saying
from services.notification.previews import DIGEST, kinds, recipients_of
from services.notification.sayings import CONFIDENTIAL, Sayings
from shared.events.case import EscalationLevel, PromiseKind, Status
from shared.events.event import Language, Urgency
from shared.events.notices import Channel, NoticeKind, Recipient
from shared.events.reasons import FollowUpKind, RejectionReason, TriageReason
from tests.notification.examples import a_contact, a_delivery, a_directory, settings, the_facts

STRICT = Forms(undefined=StrictUndefined)
ALWAYS = {"ticket", "category", "office", "received_at"}
ENDINGS = ("confirmed", "silence", "upheld")
REASONS: dict[str, tuple[str, ...]] = {
    NoticeKind.TO_DECIDE: tuple(TriageReason),
    NoticeKind.REJECTED: tuple(RejectionReason),
    NoticeKind.CLOSED: ENDINGS,
    NoticeKind.ENDED: ENDINGS,
    NoticeKind.REOPENED: ("disputed", "overridden"),
}
ODD = re.compile(r"\(\)|\(, |, \)|: \.|: ,| \.(?!\w)| ,|\.\.(?!\.)|\bNone\b|\{|\}|  \S")
MESSAGES = [
    (kind, recipient, language)
    for kind in kinds()
    if kind not in {DIGEST, CONFIDENTIAL}
    for recipient in recipients_of(kind)
    for language in Language
]


def choices_of(kind: str) -> dict[str, tuple[str, ...]]:
    return {
        "urgency": tuple(Urgency),
        "anonymous": ("", "yes"),
        "status": ("", *Status),
        "reason": ("", *REASONS.get(kind, ())),
        "promise": ("", *PromiseKind),
        "level": ("", *EscalationLevel),
        "follow_up": ("", *FollowUpKind),
    }


def full(kind: str, recipient: Recipient, language: Language) -> Saying:
    """With something for everything that it may say."""
    contact = a_contact(language, words={"e-1": "Sudah ditambal."})
    delivery = a_delivery(parse_kind(kind), recipient=recipient, words="e-1")
    saying = Sayings(a_directory(), settings(), STRICT).of(delivery, contact, language, {})
    return Saying(saying.name, saying.choices, {name: value or "nilai" for name, value in saying.values.items()})


def contexts(saying: Saying, names: frozenset[str]) -> Iterator[dict[str, Any]]:
    """Of everything that the template looks at: each choice, and each value there or not."""
    looked_at = {name: options for name, options in choices_of(saying.name).items() if name in names}
    optional = [name for name in saying.values if name in names and name not in ALWAYS]
    words = STRICT.words(saying.choices["language"])
    for chosen in product(*looked_at.values()):
        choices = {**saying.choices, **dict(zip(looked_at, chosen, strict=True))}
        for there in product((True, False), repeat=len(optional)):
            absent = {name: "" for name, is_there in zip(optional, there, strict=True) if not is_there}
            yield {**choices, **saying.values, **absent, "words_of": words}


OFFERS = re.compile(r"benarkan|sanggah|nilai|confirm|dispute|rate it", re.IGNORECASE)
"""What only the reporter of the case itself can do with a resolution."""


@pytest.mark.parametrize("language", Language)
def test_given_a_linked_complaint_when_the_other_is_resolved_then_nothing_is_offered_that_leads_nowhere(
    language: Language,
) -> None:
    delivery = a_delivery(NoticeKind.RESOLVED, words="e-1", detail={"linked_to": "NTB-C833-HX1X-7X7V-TM"})
    contact = a_contact(language, words={"e-1": "Sudah ditambal."})
    saying = Sayings(a_directory(), settings(), STRICT).of(
        delivery, contact, language, {"open": "https://care.example"}
    )

    mail = STRICT.mail(saying)
    texts = [mail.subject, mail.text, *(STRICT.text(saying, channel) for channel in (Channel.SMS, Channel.WHATSAPP))]

    assert all("NTB-C833-HX1X-7X7V-TM" in text for text in texts[1:])
    assert [text for text in texts if OFFERS.search(text)] == []


@pytest.mark.parametrize(("kind", "recipient", "language"), MESSAGES)
def test_given_any_mail_when_values_are_there_or_not_then_nothing_is_missed_and_no_sentence_is_broken(
    kind: str, recipient: Recipient, language: Language
) -> None:
    template = f"{language}/mail/{kind}.j2"
    saying = full(kind, recipient, language)

    rendered = [STRICT.rendered(template, context) for context in contexts(saying, STRICT.names(template))]

    assert rendered
    for subject, text, html in rendered:
        assert subject
        assert "\n" not in subject
        assert not ODD.search(subject), subject
        assert not [line for line in text.splitlines() if ODD.search(line.strip())], text
        assert f'<html lang="{language}">' in html


@pytest.mark.parametrize(("kind", "recipient", "language"), MESSAGES)
@pytest.mark.parametrize("channel", [Channel.SMS, Channel.WHATSAPP])
def test_given_any_text_message_when_values_are_there_or_not_then_nothing_is_missed_and_no_sentence_is_broken(
    kind: str, recipient: Recipient, language: Language, channel: Channel
) -> None:
    saying = full(kind, recipient, language)

    told = {
        STRICT.text(_as_saying(saying, context), channel)
        for context in contexts(saying, _names(kind, language, channel))
    }

    assert told
    for text in told:
        assert text.startswith("NTB Care: ")
        assert saying.values["ticket"] in text or kind in {*OwnKind, NoticeKind.CONFIRMATION, NoticeKind.WEBHOOK_OFF}
        assert not ODD.search(text), text


def _as_saying(saying: Saying, context: Mapping[str, Any]) -> Saying:
    choices = {name: context[name] for name in saying.choices}
    return Saying(saying.name, choices, {name: context[name] for name in saying.values})


def _names(kind: str, language: Language, channel: Channel) -> frozenset[str]:
    """What the block of this kind looks at."""
    blocks = (TEMPLATES / language / f"{channel}.j2").read_text("utf-8").split("\n\n")
    block = next(block for block in blocks if block.startswith(f"{{% block {kind} %}}"))
    return frozenset(meta.find_undeclared_variables(Environment(autoescape=True).parse(block)))


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("links", [{}, {"confirm": "https://care.example/c", "stop": "https://care.example/s"}])
def test_given_a_confidential_case_when_rendered_then_nothing_is_missed(
    language: Language, links: dict[str, str]
) -> None:
    values = {"ticket": "NTB-C833-HX1X-7X7V-TM", "link": "", "confirm": "", "stop": ""} | links
    saying = Saying(CONFIDENTIAL, {"language": language}, values)

    mail = STRICT.mail(saying)
    texts = [STRICT.text(saying, channel) for channel in (Channel.SMS, Channel.WHATSAPP)]

    assert all("NTB-C833-HX1X-7X7V-TM" in said for said in (mail.subject, mail.text, mail.html, *texts))


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("recipient", [Recipient.AGENCY, Recipient.REPORTER, Recipient.FOLLOWER])
@pytest.mark.parametrize("links", [{}, {"open": "https://care.example/desk", "stop": "https://care.example/s"}])
def test_given_many_at_once_when_rendered_then_nothing_is_missed(
    language: Language, recipient: Recipient, links: dict[str, str]
) -> None:
    facts = [the_facts(), the_facts(confidential=True), the_facts(region=None, due=())]
    told = [a_delivery(NoticeKind.OVERDUE, number, one, recipient=recipient) for number, one in enumerate(facts)]
    values = {"count": "3", "link": links.get("open", "")}

    mail = STRICT.digest(Sayings(a_directory(), settings(), STRICT).digest(told, language, links))
    texts = [
        STRICT.text(Saying(DIGEST, {"language": language}, values), channel)
        for channel in (Channel.SMS, Channel.WHATSAPP)
    ]

    assert all("3" in said for said in (mail.subject, *texts))
    assert all(one.ticket in said for one in told for said in (mail.text, mail.html))
    assert not [line for line in mail.text.splitlines() if ODD.search(line.strip())], mail.text


@pytest.mark.parametrize("kind", [*(kind for kind in NoticeKind if kind is not NoticeKind.EVENT), DIGEST, CONFIDENTIAL])
def test_given_two_languages_when_a_mail_is_compared_then_both_say_the_same_things(kind: str) -> None:
    indonesian = STRICT.names(f"id/mail/{kind}.j2")

    english = STRICT.names(f"en/mail/{kind}.j2")

    assert english == indonesian


def test_given_two_languages_when_their_words_are_compared_then_both_have_all_of_them() -> None:
    indonesian, english = (
        json.loads((TEMPLATES / language / "words.json").read_text("utf-8")) for language in ("id", "en")
    )

    keys = [
        {name: None if isinstance(said, str) else list(said) for name, said in words.items()}
        for words in (indonesian, english)
    ]

    assert keys[0] == keys[1]
    assert set(indonesian["statuses"]) == set(Status)
    assert set(indonesian["promises"]) == set(indonesian["promises_short"]) == set(PromiseKind)
    assert set(indonesian["levels"]) == set(EscalationLevel)
    assert set(indonesian["follow_ups"]) == set(FollowUpKind)
    assert set(indonesian["reasons"]) >= {*TriageReason, *RejectionReason, *ENDINGS, "disputed", "overridden"}
    assert set(indonesian["groups"]) == {*NoticeKind, *OwnKind, CONFIDENTIAL} - {NoticeKind.EVENT}


@pytest.fixture
def mistaken(tmp_path: Path) -> Path:
    """Templates of which one asks for what nobody gives it."""
    (tmp_path / "id" / "mail").mkdir(parents=True)
    (tmp_path / "id" / "words.json").write_text("{}")
    content = "{% block subject %}Aduan {{ tiket }}{% endblock %} {{ ticket }}{{ words_of.nothing.at_all }}{{ tiket }}."
    (tmp_path / "id" / "mail" / "received.j2").write_text(content)
    return tmp_path


RECEIPT = Saying("received", {"language": "id"}, {"ticket": "NTB-1"})


def test_given_a_template_that_misses_a_variable_when_tested_then_it_fails(mistaken: Path) -> None:
    forms = Forms(mistaken, StrictUndefined)

    with pytest.raises(UndefinedError):
        forms.mail(RECEIPT)


def test_given_a_template_that_misses_a_variable_when_sent_then_it_is_empty_and_logged_once(
    mistaken: Path, logged: StringIO
) -> None:
    forms = Forms(mistaken)

    mail = forms.mail(RECEIPT)

    assert mail.subject == "Aduan "
    assert mail.text == "Aduan  NTB-1.\n"
    assert logged.getvalue().count("template_variable_missing") == 2
    assert [name for name in ("tiket", "nothing") if f"'name': '{name}'" in logged.getvalue()] == ["tiket", "nothing"]
    assert "NTB-1" not in logged.getvalue()
