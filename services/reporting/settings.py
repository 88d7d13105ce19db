from typing import Annotated, Final

from pydantic import StringConstraints
from pydantic_settings import SettingsConfigDict

from shared.mongo import MongoSettings
from shared.settings import ServiceSettings

FIRST_GENERATION: Final = "1"


class Settings(ServiceSettings):
    """Environment: `REPORTING_…`."""

    model_config = SettingsConfigDict(env_prefix="REPORTING_")

    mongo: MongoSettings = MongoSettings(database="reporting")
    generation: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{1,20}$")] = FIRST_GENERATION
    """Names the collections and the consumer group: a rebuild is a new one, filled from offset 0 beside the old."""

    @property
    def group(self) -> str:
        """Without the namespace."""
        return f"reporting.{self.generation}"
