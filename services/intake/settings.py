from datetime import timedelta
from pathlib import Path

from pydantic import BaseModel, Field, SecretStr
from pydantic_settings import SettingsConfigDict

from shared.oidc import OidcSettings
from shared.settings import ServiceSettings


class BlobSettings(BaseModel):
    """Where photos are kept."""

    url: str = Field(default_factory=lambda: Path("data/blobs").absolute().as_uri(), pattern="^(file|memory|s3)://")
    """`file:///srv/ntbcare/blobs`, `s3://bucket/folder` with `AWS_…` beside it, or `memory:///`, which forgets."""
    timeout_s: float = 10.0
    """How long putting or getting one file may take."""


class Settings(ServiceSettings):
    """Environment: `INTAKE_…`."""

    model_config = SettingsConfigDict(env_prefix="INTAKE_")

    tracking_secrets: dict[str, SecretStr] = Field(min_length=1)
    ticket_secret: SecretStr
    """Makes the one ticket of a client's `Idempotency-Key`. Changing it gives a retry another ticket."""
    photo_secret: SecretStr
    """Signs the addresses of photos. Changing it makes those that were given out useless."""
    oidc: OidcSettings = OidcSettings()
    """Whose tokens the people at the desk have; the same as routing's."""
    blobs: BlobSettings = BlobSettings()
    max_body_size: int = 64 * 1024
    """Bytes of a request."""
    max_photo_size: int = 10 * 1024 * 1024
    """Bytes of a request that brings a photo."""
    photos_at_once: int = Field(default=1, ge=1)
    """So many are decoded at the same time; each may take a processor for a second, and 0.4 GB."""
    photo_address_lasts: timedelta = timedelta(hours=1)
    unclaimed_lasts: timedelta = timedelta(days=1)
    """So long a resident's photo waits for the complaint that names it; then it is deleted."""
    unclaimed_looked_at_every: timedelta = timedelta(minutes=10)
    """How often each replica deletes those; up to a half sooner, so that replicas don't all do it at once."""
    publish_within: timedelta = timedelta(seconds=2.5)
    """After so long without the broker's acknowledgement the answer is 503."""

    def secrets(self) -> list[SecretStr]:
        known = self.oidc.development_secret
        return [*super().secrets(), self.ticket_secret, self.photo_secret, *([known] if known else [])]

    def photo_key(self) -> bytes:
        return self.photo_secret.get_secret_value().encode()
