from pydantic import SecretStr
from pydantic_settings import SettingsConfigDict

from shared.mongo import MongoSettings
from shared.open311 import Open311Settings
from shared.photos import PhotoKey
from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """Environment: `REPORTING_…`."""

    model_config = SettingsConfigDict(env_prefix="REPORTING_")

    mongo: MongoSettings = MongoSettings(database="reporting")
    open311: Open311Settings = Open311Settings()
    """The same as intake's."""
    photo_secret: SecretStr | None = None
    """Intake's, so that the pages can show photos."""

    def secrets(self) -> list[SecretStr]:
        return [*super().secrets(), *filter(None, (self.photo_secret,))]

    def photo_key(self) -> PhotoKey | None:
        return PhotoKey(self.photo_secret.get_secret_value().encode()) if self.photo_secret else None
