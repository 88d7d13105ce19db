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
