from pydantic_settings import SettingsConfigDict

from shared.mongo import MongoSettings
from shared.open311 import Open311Settings
from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """Environment: `REPORTING_…`."""

    model_config = SettingsConfigDict(env_prefix="REPORTING_")

    mongo: MongoSettings = MongoSettings(database="reporting")
    open311: Open311Settings = Open311Settings()
    """The same as intake's."""
