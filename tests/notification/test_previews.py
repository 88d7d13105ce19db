from collections.abc import Generator

import pytest
from starlette.testclient import TestClient

from services.notification.api.previews import create_previews_router
from services.notification.domain.kinds import OwnKind
from services.notification.domain.rules import RULES
from services.notification.previews import CHANNELS, NoSuchMessage, Previews, kinds, recipients_of
from shared.events.event import Language
from shared.events.notices import Channel, NoticeKind, Recipient
from shared.problems import ProblemApp
from tests.notification.examples import settings

PATH = "/v1/notices/preview"
PREVIEWS = Previews(settings())


@pytest.fixture
def client() -> Generator[TestClient]:
    app = ProblemApp()
    app.include_router(create_previews_router(PREVIEWS))
    with TestClient(app) as client:
        yield client


def test_given_the_kinds_when_listed_then_all_that_is_said_in_words_is_there() -> None:
    listed = kinds()

    assert set(listed) == {*NoticeKind, *OwnKind, "digest", "confidential"} - {NoticeKind.EVENT}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.kind}-{rule.audience}")
def test_given_a_rule_when_previewed_then_its_recipient_is_known(rule: object) -> None:
    kind, audience = getattr(rule, "kind", ""), getattr(rule, "audience", None)

    known = recipients_of(kind)

    assert audience in known


@pytest.mark.parametrize("kind", kinds())
@pytest.mark.parametrize("language", list(Language))
def test_given_a_kind_when_previewed_then_every_recipient_and_channel_has_words(kind: str, language: Language) -> None:
    asked = [(channel, recipient) for channel in CHANNELS for recipient in recipients_of(kind)]

    previews = {key: PREVIEWS.preview(kind, key[0], language, key[1]) for key in asked}

    assert previews
    for (channel, _), preview in previews.items():
        assert (preview.html is not None) is (channel is Channel.EMAIL)
        assert (preview.subject is not None) is (channel is Channel.EMAIL)
        assert channel is not Channel.SMS or 0 < (preview.septets or 0) <= 160


@pytest.mark.parametrize(
    ("kind", "channel", "recipient"),
    [
        ("event", Channel.WEBHOOK, None),
        ("nothing", Channel.EMAIL, None),
        ("received", Channel.WEBHOOK, None),
        ("received", Channel.EMAIL, Recipient.GOVERNOR),
    ],
)
def test_given_what_nobody_is_told_when_previewed_then_that_is_said(
    kind: str, channel: Channel, recipient: Recipient | None
) -> None:
    with pytest.raises(NoSuchMessage):
        PREVIEWS.preview(kind, channel, Language.INDONESIAN, recipient)


def test_given_a_mail_when_looked_at_then_it_is_shown_locked_in(client: TestClient) -> None:
    answer = client.get(PATH, params={"kind": "received", "language": "en"})

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"].startswith("sandbox allow-popups; default-src 'none'")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "We have received your complaint" in answer.text
    assert "This address is mine" in answer.text


def test_given_a_mail_when_its_text_is_asked_for_then_it_is_plain(client: TestClient) -> None:
    answer = client.get(PATH, params={"kind": "received", "format": "text"})

    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text.startswith("Aduan Anda sudah kami terima\n")


def test_given_an_sms_when_looked_at_then_with_its_length(client: TestClient) -> None:
    asked = {"kind": "escalation", "channel": "sms", "recipient": "governor"}

    page, told = client.get(PATH, params=asked), client.get(PATH, params=asked, headers={"Accept": "application/json"})

    assert set(told.json()) == {"subject", "text", "html", "septets"}
    assert told.json()["html"] is None
    assert told.json()["text"].startswith("NTB Care: eskalasi kasus NTB-")
    assert told.json()["text"] in page.text
    assert f"{told.json()['septets']} / 160 septets" in page.text


def test_given_a_mail_when_json_is_asked_for_then_it_has_subject_text_and_html(client: TestClient) -> None:
    answer = client.get(PATH, params={"kind": "digest", "recipient": "follower", "format": "json"})

    assert answer.json()["subject"] == "3 kabar dari NTB Care"
    assert answer.json()["html"].startswith("<!doctype html>")
    assert answer.json()["septets"] is None


@pytest.mark.parametrize(
    ("asked", "status", "field"),
    [
        ({"kind": "event"}, 404, None),
        ({"kind": "nothing"}, 404, None),
        ({"kind": "received", "channel": "webhook"}, 422, "channel"),
        ({"kind": "received", "recipient": "governor"}, 422, "recipient"),
        ({"kind": "received", "language": "fr"}, 422, "language"),
        ({"kind": "received", "channel": "pigeon"}, 422, "channel"),
    ],
)
def test_given_what_there_is_not_when_asked_for_then_a_problem_says_so(
    client: TestClient, asked: dict[str, str], status: int, field: str | None
) -> None:
    answer = client.get(PATH, params=asked)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["field"] for error in answer.json().get("errors", [])] == ([field] if field else [])


def test_given_no_kind_when_asked_then_a_list_leads_to_every_message(client: TestClient) -> None:
    page, listed = client.get(PATH), client.get(PATH, params={"format": "json"})

    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert f'href="{PATH}?kind=escalation&amp;channel=sms&amp;language=en&amp;recipient=sekda"' in page.text
    assert "channel=webhook" not in page.text
    items = {item["kind"]: item for item in listed.json()["items"]}
    assert items["disputed"] == {
        "kind": "disputed",
        "recipients": ["agency", "coordinator"],
        "channels": ["email", "sms", "whatsapp"],
    }
    assert items["webhook_off"]["channels"] == ["email", "sms", "whatsapp"]
