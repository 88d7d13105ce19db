from pydantic import SecretStr
from pydantic_settings import SettingsConfigDict

from shared.mongo import MongoSettings
from shared.oidc import OidcSettings
from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """Environment: `ROUTING_…`."""

    model_config = SettingsConfigDict(env_prefix="ROUTING_")

    oidc: OidcSettings = OidcSettings()
    mongo: MongoSettings = MongoSettings(database="routing")
    photo_secret: SecretStr | None = None
    """Intake's, so that the desk can show photos."""
    door_secret: SecretStr | None = None
    """Intake's, so that both know a blocked address under the same digest."""
    calendar_from: int = 2018
    """First year of the calendar that is seeded."""
    calendar_years_ahead: int = 2

    def secrets(self) -> list[SecretStr]:
        return [*super().secrets(), *filter(None, (self.oidc.development_secret, self.photo_secret, self.door_secret))]

    def door_key(self) -> bytes | None:
        return self.door_secret.get_secret_value().encode() if self.door_secret else None
