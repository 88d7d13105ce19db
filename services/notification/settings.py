"""What the environment tells notification: `NOTIFICATION_SMTP__HOST=…`, and so on."""

from datetime import timedelta
from typing import Final, Literal, Self

from pydantic import BaseModel, Field, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from shared.events.event import Language
from shared.mongo import MongoSettings
from shared.settings import ServiceSettings

_SENDS_IN_A_LEASE: Final = 4


class SmtpSettings(BaseModel):
    """The mail server that takes our mail, and how we talk to it."""

    host: str = "127.0.0.1"
    port: int = 1025
    starttls: Literal["never", "if_offered", "always"] = "if_offered"
    tls: bool = False
    """TLS from the first byte (port 465), instead of STARTTLS."""
    verify_certificate: bool = True
    ca_file: str | None = None
    """Authorities to trust besides the machine's own."""
    username: str | None = None
    password: SecretStr | None = None
    hello_name: str | None = None
    """What we call ourselves; None: the machine's name."""
    sender_address: str = "ntbcare@localhost"
    sender_name: str = "NTB Care"
    connections: int = Field(default=4, ge=1)
    """So many mails are handed over at once."""
    patience_s: float = 1.0
    """A mail that takes longer goes on beside the next ones, each on a connection of its own, instead of holding them
    up."""
    most_connections: int = Field(default=24, ge=1)
    """Of all mails, however long they take. A mail server that allows a client fewer wants a smaller number here."""
    timeout_s: float = 10.0
    """For opening a connection, and for one message."""
    idle_s: float = 30.0
    """A connection that nobody used for so long is closed."""
    first_wait_s: float = 1.0
    longest_wait_s: float = 60.0
    """How long all mail rests after the server could not be used: growing from the first to the longest."""

    @model_validator(mode="after")
    def _most_are_not_fewer(self) -> Self:
        if self.most_connections < self.connections:
            raise ValueError("smtp.most_connections must be at least smtp.connections")
        return self

    def encrypts_always(self) -> bool:
        return self.tls or self.starttls == "always"


class SendingSettings(BaseModel):
    """How due deliveries are worked off."""

    in_hand: int = Field(default=128, ge=2)
    """Deliveries that a replica has claimed at most, per lane."""
    lease: timedelta = timedelta(minutes=2)
    """A claim that is older may be taken over by another replica."""
    look_every: timedelta = timedelta(seconds=15)
    """How often to look for what another replica left behind."""
    first_delay: timedelta = timedelta(seconds=30)
    longest_delay: timedelta = timedelta(hours=1)
    """Between two attempts: growing and jittered, from the first to the longest."""
    give_up_after: timedelta = timedelta(days=3)


class Settings(ServiceSettings):
    """Everything that can be set."""

    model_config = SettingsConfigDict(env_prefix="NOTIFICATION_")

    mongo: MongoSettings = MongoSettings(database="notification")
    smtp: SmtpSettings = SmtpSettings()
    sending: SendingSettings = SendingSettings()
    address_secret: SecretStr
    """Key of the digests under which receipts are counted per address."""
    public_url: str = "http://127.0.0.1:8000"
    reporter_path: str = "/v1/cases/{ticket}"
    agency_path: str = "/v1/desk/cases/{ticket}"
    agency_language: Language = Language.INDONESIAN
    old_after: timedelta = timedelta(days=7)
    """Nothing that happened longer ago is mailed, whatever offsets were lost."""
    wait_at_most: timedelta = timedelta(seconds=60)
    """How long a mail waits for what would make it better (an officer's words, the reporter's name for the agency)."""
    receipts_a_day: int = 5
    """Receipts that one address gets in one day of WITA."""

    @model_validator(mode="after")
    def _no_password_in_the_clear(self) -> Self:
        if self.environment == "production" and self.smtp.username and not self.smtp.encrypts_always():
            raise ValueError("in production an SMTP login needs smtp.starttls=always or smtp.tls")
        return self

    @model_validator(mode="after")
    def _a_lease_that_lasts(self) -> Self:
        if self.sending.lease < timedelta(seconds=self.smtp.timeout_s) * _SENDS_IN_A_LEASE:
            raise ValueError(f"sending.lease must be at least {_SENDS_IN_A_LEASE} times smtp.timeout_s")
        return self

    def address_key(self) -> bytes:
        return self.address_secret.get_secret_value().encode()

    def secrets(self) -> list[SecretStr]:
        password = [self.smtp.password] if self.smtp.password else []
        return [*super().secrets(), self.address_secret, *password]
