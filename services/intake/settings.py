from datetime import timedelta
from pathlib import Path
from typing import Annotated

from limits import parse_many
from pydantic import AfterValidator, BaseModel, Field, SecretStr
from pydantic_settings import SettingsConfigDict

from shared.oidc import OidcSettings
from shared.open311 import Open311Settings
from shared.settings import ServiceSettings


class BlobSettings(BaseModel):
    """Where photos are kept."""

    url: str = Field(default_factory=lambda: Path("data/blobs").absolute().as_uri(), pattern="^(file|memory|s3)://")
    """`file:///srv/ntbcare/blobs`, `s3://bucket/folder` with `AWS_…` beside it, or `memory:///`, which forgets."""
    timeout_s: float = 10.0
    """How long putting or getting one file may take."""


def _check_rates(written: str) -> str:
    parse_many(written)
    return written


Rates = Annotated[str, AfterValidator(_check_rates)]
"""`20/minute`, or several: `5/second; 100/hour`."""


class LimitSettings(BaseModel):
    """How much is let in, per replica. Of one address, which many may share, unless it says otherwise."""

    enabled: bool = True
    trusted_hops: int = Field(default=0, ge=0, le=9)
    """Gateways of ours before this service, each of which adds to `X-Forwarded-For`."""
    complaints: Rates = "120/minute"
    follow_ups: Rates = "120/minute"
    support: Rates = "60/minute"
    photos: Rates = "120/minute"
    suggestions: Rates = "600/minute"
    clients: Rates = "6000/minute"
    """Of one token, all that it sends together."""
    contacts: Rates = "20/hour"
    """Complaints that name one e-mail address or telephone number; those that operators key in do not count."""
    form_at_ease: Rates = "20/minute"
    """Complaints by the form; whoever sends more must work or wait for each."""
    form_least: timedelta = timedelta(seconds=3)
    """Nobody fills in the form in less."""
    counters: int = Field(default=50_000, ge=100)
    """So many are kept, some 0.3 KB each; of more the oldest is forgotten."""


class DiscoverySettings(Open311Settings):
    """What clients of Open311 are told of the endpoint."""

    url: str | None = None
    """Where it is, as in `https://ntbcare.example/open311/v2`; None: where the request came to."""
    contact: str = "NTB Care, Dinas Komunikasi, Informatika dan Statistik Provinsi Nusa Tenggara Barat"
    key_service: str = "Kunci (api_key) diberikan oleh pengelola NTB Care. Keys are given by whoever runs NTB Care."


class JanitorSettings(BaseModel):
    """When what is personal is erased by itself."""

    enabled: bool = True
    keep_for: timedelta = Field(default=timedelta(days=730), gt=timedelta(0))
    """After a case was closed, rejected or withdrawn; while it is open nothing is erased unasked."""
    orphans_after: timedelta = timedelta(days=1)
    """Of parts whose event never came."""
    every: timedelta = timedelta(days=1)
    """A look through all the topics, by one replica."""
    first_after: timedelta = timedelta(minutes=5)
    """Since the start."""
    look_every: timedelta = timedelta(minutes=5)
    """Whether somebody asked for erasure; then it is done at once."""


class Settings(ServiceSettings):
    """Environment: `INTAKE_…`."""

    model_config = SettingsConfigDict(env_prefix="INTAKE_")

    tracking_secrets: dict[str, SecretStr] = Field(min_length=1)
    ticket_secret: SecretStr
    """Makes the one ticket of a client's `Idempotency-Key`. Changing it gives a retry another ticket."""
    photo_secret: SecretStr
    """Signs the addresses of photos. Changing it makes those that were given out useless."""
    door_secret: SecretStr | None = None
    """Under digests with this key contacts are blocked; the same as routing's. None: nobody can be."""
    limits: LimitSettings = LimitSettings()
    oidc: OidcSettings = OidcSettings()
    """Whose tokens the people at the desk have; the same as routing's."""
    blobs: BlobSettings = BlobSettings()
    open311: DiscoverySettings = DiscoverySettings()
    janitor: JanitorSettings = JanitorSettings()
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
    operator_session_lasts: timedelta = timedelta(hours=12)
    """So long an operator who signed in at the counter's page need not do it again."""
    publish_within: timedelta = timedelta(seconds=2.5)
    """After so long without the broker's acknowledgement the answer is 503."""

    def secrets(self) -> list[SecretStr]:
        known = filter(None, (self.oidc.development_secret, self.door_secret))
        return [*super().secrets(), self.ticket_secret, self.photo_secret, *known]

    def door_key(self) -> bytes | None:
        return self.door_secret.get_secret_value().encode() if self.door_secret else None

    def photo_key(self) -> bytes:
        return self.photo_secret.get_secret_value().encode()
