from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import ValidationError

from services.notification.app import create_app, rules_of
from services.notification.domain.judging import Retry
from services.notification.settings import Settings
from shared.events.notices import Channel
from tests.notification.examples import BY_PHONE, RULES, settings


def test_given_no_more_than_secrets_when_settings_are_read_then_the_rest_has_defaults() -> None:
    chosen = Settings.model_validate(
        {"address_secret": "secret", "link_secret": "link", "tracking_secrets": {"1": "t"}}
    )

    assert rules_of(chosen) == replace(RULES, enabled=frozenset({Channel.EMAIL}))
    assert (chosen.mongo.database, chosen.smtp.connections, chosen.smtp.timeout_s) == ("notification", 4, 10)


def test_given_variables_when_settings_are_read_then_single_ones_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFICATION_SMTP__HOST", "mail.example")
    monkeypatch.setenv("NOTIFICATION_SENDING__LEASE", "PT5M")

    chosen = settings()

    assert (chosen.smtp.host, chosen.smtp.port) == ("mail.example", 1025)
    assert chosen.sending.lease.total_seconds() == 300


@pytest.mark.parametrize(
    ("smtp", "words"),
    [
        ({"username": "ntbcare", "password": "real"}, "starttls=always"),
        ({"username": "ntbcare", "password": "dev-1", "starttls": "always"}, "must not be used in production"),
    ],
)
def test_given_a_login_that_is_not_safe_when_it_is_production_then_the_service_refuses_to_start(
    smtp: dict[str, str], words: str
) -> None:
    with pytest.raises(ValidationError, match=words):
        settings(environment="production", smtp=smtp)


def test_given_a_lease_that_a_slow_mail_outlasts_when_settings_are_read_then_they_are_refused() -> None:
    with pytest.raises(ValidationError, match="lease"):
        settings(smtp={"timeout_s": 60})
    with pytest.raises(ValidationError, match="answer_s"):
        settings(smtp={"answer_s": 90})


def test_given_times_of_one_channel_when_settings_are_read_then_only_that_one_has_them() -> None:
    rules = rules_of(settings(whatsapp={"first_delay": "PT5S", "give_up_after": "PT1H"}))

    assert rules.retries[Channel.WHATSAPP] == Retry(timedelta(seconds=5), timedelta(minutes=15), timedelta(hours=1))
    assert {**rules.retries, Channel.WHATSAPP: BY_PHONE} == RULES.retries


def test_given_webhooks_given_up_before_they_are_disabled_when_settings_are_read_then_they_are_refused() -> None:
    with pytest.raises(ValidationError, match=r"hooks\.give_up_after"):
        settings(hooks={"give_up_after": "P2D"})


def test_given_fewer_connections_for_all_than_for_quick_mails_when_settings_are_read_then_they_are_refused() -> None:
    with pytest.raises(ValidationError, match="most_connections"):
        settings(smtp={"connections": 5, "most_connections": 4})


async def test_given_settings_when_the_app_is_made_then_nothing_is_connected() -> None:
    app = create_app(settings())

    assert app.title == "NTB Care notification"


def test_given_gateways_when_settings_are_read_then_their_channels_can_be_used() -> None:
    with_sms = settings(sms={"url": "https://sms.example"}, hooks={"secret": "hooks"})

    assert with_sms.channels() == {Channel.EMAIL, Channel.SMS, Channel.WEBHOOK}
    assert with_sms.limits(Channel.SMS) is with_sms.sms


def test_given_secrets_made_for_development_when_it_is_production_then_the_service_refuses_to_start() -> None:
    for field in ({"link_secret": "dev-link"}, {"hooks": {"secret": "dev-hooks"}}, {"sms": {"token": "dev-sms"}}):
        with pytest.raises(ValidationError, match="must not be used in production"):
            settings(environment="production", **field)
