import pytest

from services.reporting.settings import Settings


def test_given_only_the_address_of_the_database_when_settings_are_read_then_its_name_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REPORTING_MONGO__URI", "mongodb://mongo-0:27017")
    monkeypatch.setenv("REPORTING_TRACKING_SECRETS", '{"K": "secret-of-tests"}')

    settings = Settings.model_validate({})

    assert (settings.mongo.uri, settings.mongo.database) == ("mongodb://mongo-0:27017", "reporting")
