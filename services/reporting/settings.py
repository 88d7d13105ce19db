from pydantic_settings import SettingsConfigDict

from shared.mongo import MongoSettings
from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """Environment: `REPORTING_…`."""

    model_config = SettingsConfigDict(env_prefix="REPORTING_")

    mongo: MongoSettings = MongoSettings(database="reporting")
