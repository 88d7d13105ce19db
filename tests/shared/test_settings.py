from pathlib import Path

import pytest
from pydantic import ValidationError

from services.intake.settings import Settings as IntakeSettings
from services.routing.settings import Settings as RoutingSettings


def test_given_one_nested_variable_when_settings_are_read_then_the_other_defaults_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ROUTING_MONGO__URI", "mongodb://db.example")

    settings = RoutingSettings()

    assert (settings.mongo.uri, settings.mongo.database, settings.mongo.driver) == (
        "mongodb://db.example",
        "routing",
        "motor",
    )


@pytest.mark.parametrize(
    "secrets",
    [
        {"ticket_secret": "dev-1", "photo_secret": "real", "tracking_secrets": {"1": "real"}},
        {"ticket_secret": "real", "photo_secret": "real", "tracking_secrets": {"1": "dev-1"}},
        {"ticket_secret": "real", "photo_secret": "dev-1", "tracking_secrets": {"1": "real"}},
    ],
)
def test_given_a_development_secret_when_it_is_production_then_the_service_refuses_to_start(
    secrets: dict[str, object],
) -> None:
    with pytest.raises(ValidationError, match="must not be used in production"):
        IntakeSettings.model_validate(secrets | {"environment": "production"})

    assert IntakeSettings.model_validate(secrets).environment == "development"


def test_given_no_secret_when_intake_starts_then_it_says_which_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("INTAKE_TICKET_SECRET", raising=False)

    with pytest.raises(ValidationError, match="ticket_secret"):
        IntakeSettings.model_validate({"tracking_secrets": {"1": "real"}})


def test_given_a_namespace_with_a_dot_when_settings_are_read_then_it_is_refused() -> None:
    with pytest.raises(ValidationError, match="namespace"):
        RoutingSettings.model_validate({"kafka": {"namespace": "ntb.care"}})


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where secrets lie, each in a file."""
    monkeypatch.setenv("NTBCARE_SECRETS", str(tmp_path))
    return tmp_path


def test_given_secrets_in_files_when_settings_are_read_then_they_join_what_the_environment_says(
    secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTAKE_KAFKA__SECURITY_PROTOCOL", "SASL_SSL")
    monkeypatch.setenv("INTAKE_KAFKA__USERNAME", "intake")
    (secrets / "INTAKE_KAFKA__PASSWORD").write_text("from a file\n")
    (secrets / "INTAKE_TICKET_SECRET").write_text("ticket")
    (secrets / "INTAKE_PHOTO_SECRET").write_text("photo")
    (secrets / "INTAKE_TRACKING_SECRETS").write_text('{"1": "tracking"}')

    settings = IntakeSettings.model_validate({})

    assert settings.kafka.password is not None
    assert settings.kafka.password.get_secret_value() == "from a file"
    assert (settings.kafka.username, settings.kafka.partitions) == ("intake", 12)
    assert settings.tracking_keys() == {"1": b"tracking"}


def test_given_a_secret_in_a_mounted_volume_when_the_environment_has_it_too_then_the_environment_counts(
    secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (secrets / "..data").mkdir()
    (secrets / "..data" / "ROUTING_PHOTO_SECRET").write_text("mounted")
    (secrets / "..data" / "ROUTING_MONGO__URI").write_text("mongodb://mounted")
    for name in ("ROUTING_PHOTO_SECRET", "ROUTING_MONGO__URI"):
        (secrets / name).symlink_to(f"..data/{name}")
    monkeypatch.setenv("ROUTING_PHOTO_SECRET", "environment")

    settings = RoutingSettings()

    assert settings.photo_secret is not None
    assert settings.photo_secret.get_secret_value() == "environment"
    assert (settings.mongo.uri, settings.mongo.database) == ("mongodb://mounted", "routing")


def test_given_no_folder_of_secrets_when_settings_are_read_then_the_defaults_hold(
    secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NTBCARE_SECRETS", str(secrets / "missing"))

    assert RoutingSettings().kafka.security_protocol == "PLAINTEXT"


@pytest.mark.parametrize(
    ("kafka", "words"),
    [
        ({"security_protocol": "SASL_SSL", "username": "routing"}, "needs username and password"),
        ({"username": "routing", "password": "hidden"}, "SASL_SSL or SASL_PLAINTEXT only"),
        ({"security_protocol": "SSL", "ca_file": "/nowhere/ca.pem"}, "ca_file"),
    ],
)
def test_given_half_a_login_when_settings_are_read_then_they_are_refused_without_the_password(
    kafka: dict[str, str], words: str
) -> None:
    with pytest.raises(ValidationError, match=words) as refused:
        RoutingSettings.model_validate({"kafka": kafka})

    assert "hidden" not in str(refused.value)


@pytest.mark.parametrize(
    ("kafka", "words"),
    [
        ({"sasl_mechanism": "PLAIN", "password": "hidden"}, "sasl_mechanism PLAIN needs"),
        ({"sasl_mechanism": "SCRAM-SHA-512", "password": "dev-hidden"}, "must not be used in production"),
    ],
)
def test_given_a_login_that_is_not_safe_when_it_is_production_then_the_service_refuses_to_start(
    kafka: dict[str, str], words: str
) -> None:
    login = kafka | {"security_protocol": "SASL_PLAINTEXT", "username": "routing"}

    with pytest.raises(ValidationError, match=words) as refused:
        RoutingSettings.model_validate({"kafka": login, "environment": "production", "photo_secret": "hidden too"})

    assert "hidden" not in str(refused.value)


def test_given_passwords_when_settings_are_shown_then_none_is_in_the_picture() -> None:
    login = {"security_protocol": "SASL_SSL", "username": "routing", "password": "hidden"}

    settings = RoutingSettings.model_validate({"kafka": login, "mongo": {"uri": "mongodb://routing:hidden@db"}})

    assert "hidden" not in repr(settings)
    assert "hidden" not in str(settings)
