from datetime import timedelta

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """Environment: `INTAKE_…`."""

    model_config = SettingsConfigDict(env_prefix="INTAKE_")

    tracking_secrets: dict[str, SecretStr] = Field(min_length=1)
    ticket_secret: SecretStr
    """Makes the one ticket of a client's `Idempotency-Key`. Changing it gives a retry another ticket."""
    max_body_size: int = 64 * 1024
    """Bytes of a request."""
    publish_within: timedelta = timedelta(seconds=2.5)
    """After so long without the broker's acknowledgement the answer is 503."""

    def secrets(self) -> list[SecretStr]:
        return [*super().secrets(), self.ticket_secret]
