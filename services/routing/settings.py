from pydantic import BaseModel, Field, NonNegativeInt, SecretStr
from pydantic_settings import SettingsConfigDict

from shared.mongo import MongoSettings
from shared.oidc import OidcSettings
from shared.photos import PhotoKey
from shared.settings import ServiceSettings


class AlikeSettings(BaseModel):
    """When complaints about one matter are joined by rule."""

    days: NonNegativeInt = 21
    """So far apart they may have come; 0: none are joined."""
    enough: float = Field(default=0.75, ge=0, le=1)
    """The score that it takes; `make bench BENCH=alike` prints what each gives."""
    disaster_days: NonNegativeInt = 30
    disaster_enough: float = Field(default=0.65, ge=0, le=1)
    never: tuple[str, ...] = (
        "civil.",
        "health.insurance",
        "labour.",
        "econ.permit",
        "econ.livestock",
        "econ.coop",
        "information",
    )
    """Beginnings of categories that are each person's own affair: many of one office are not one matter."""


class Settings(ServiceSettings):
    """Environment: `ROUTING_…`."""

    model_config = SettingsConfigDict(env_prefix="ROUTING_")

    oidc: OidcSettings = OidcSettings()
    mongo: MongoSettings = MongoSettings(database="routing")
    photo_secret: SecretStr | None = None
    """Intake's, so that the desk can show photos."""
    door_secret: SecretStr | None = None
    """Intake's, so that both know a blocked address under the same digest."""
    alike: AlikeSettings = AlikeSettings()
    calendar_from: int = 2018
    """First year of the calendar that is seeded."""
    calendar_years_ahead: int = 2

    def secrets(self) -> list[SecretStr]:
        return [*super().secrets(), *filter(None, (self.oidc.development_secret, self.photo_secret, self.door_secret))]

    def photo_key(self) -> PhotoKey | None:
        return PhotoKey(self.photo_secret.get_secret_value().encode()) if self.photo_secret else None

    def door_key(self) -> bytes | None:
        return self.door_secret.get_secret_value().encode() if self.door_secret else None
