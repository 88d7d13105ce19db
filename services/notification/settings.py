"""What the environment tells notification: `NOTIFICATION_SMTP__HOST=…`, and so on."""

from datetime import time, timedelta
from typing import Final, Literal, Self

from pydantic import AwareDatetime, BaseModel, Field, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from shared.events.event import Language
from shared.events.notices import Channel
from shared.mongo import MongoSettings
from shared.oidc import OidcSettings
from shared.settings import ServiceSettings

_SENDS_IN_A_LEASE: Final = 4


class OutletSettings(BaseModel):
    """How much goes out of one way at once."""

    connections: int = Field(default=4, ge=1)
    """So many messages are handed over at once."""
    patience_s: float = 1.0
    """What takes longer goes on beside the next ones, each on a connection of its own, instead of holding them up."""
    most_connections: int = Field(default=24, ge=1)
    """Of all messages, however long they take. A server that allows a client fewer wants a smaller number here."""
    timeout_s: float = 10.0
    """For opening a connection, and for one message."""
    first_wait_s: float = 1.0
    longest_wait_s: float = 60.0
    """How long all messages rest after the way could not be used: growing from the first to the longest."""
    first_delay: timedelta = timedelta(seconds=30)
    longest_delay: timedelta = timedelta(hours=1)
    """Between two attempts at one message: growing and jittered, from the first to the longest."""
    give_up_after: timedelta = timedelta(days=3)
    """Then it failed, and goes by the next way that there is."""

    def lasts(self, times: int) -> timedelta:
        """So many limits one after the other."""
        return timedelta(seconds=self.timeout_s) * times

    @model_validator(mode="after")
    def _most_are_not_fewer(self) -> Self:
        if self.most_connections < self.connections:
            raise ValueError("most_connections must be at least connections")
        return self


class SmtpSettings(OutletSettings):
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
    idle_s: float = 30.0
    """A connection that nobody used for so long is closed."""
    answer_s: float = 60.0
    """How long to wait for the yes once the server has the whole message: without one it is sent a second time.

    A server that scans mail before it answers wants more, and with it a longer `sending.lease`; RFC 5321 says 600.
    """

    def lasts(self, times: int) -> timedelta:
        """Of these limits one is that of the answer."""
        return timedelta(seconds=self.timeout_s * times + self.answer_s)

    def encrypts_always(self) -> bool:
        return self.tls or self.starttls == "always"


class GatewaySettings(OutletSettings):
    """A gateway of text messages over HTTP. Without `url` the channel is off."""

    url: str | None = None
    """Where messages are posted. https, but for hosts of `allowed_hosts`."""
    token: SecretStr | None = None
    """Sent as `Authorization: Bearer …`."""
    receipt_secret: SecretStr | None = None
    """Signs the gateway's delivery receipts; without one receipts are refused."""
    sender: str = "NTBCARE"
    first_delay: timedelta = timedelta(seconds=15)
    longest_delay: timedelta = timedelta(minutes=15)
    give_up_after: timedelta = timedelta(days=1)
    """Whoever is told by telephone is told soon, or otherwise."""


class WhatsAppSettings(GatewaySettings):
    """WhatsApp Cloud API. `url` is the address of the API with its version, such as `https://graph.facebook.com/v23.0`.

    Who writes first must use a template that Meta approved: `template` has one body parameter, which is the message.
    """

    phone_number_id: str = ""
    template: str = "ntbcare_notice"
    verify_token: SecretStr | None = None
    """What Meta sends when the address for receipts is registered."""


class HookSettings(OutletSettings):
    """How agencies' own systems are called."""

    secret: SecretStr | None = None
    """From it the secret of each webhook is derived; without one there are no webhooks."""
    old_secret_lasts: timedelta = timedelta(hours=24)
    """After a rotation."""
    disable_after: timedelta = timedelta(hours=70)
    """Of failures without one success: before the first event is given up (`give_up_after`)."""


class TimingSettings(BaseModel):
    """When messages go out, WITA."""

    quiet_from: time | None = time(21)
    quiet_until: time | None = time(7)
    """Between the two only what is urgent goes out; None: no hour is quiet."""
    digests: tuple[time, ...] = (time(8), time(13))
    """Of working days; empty: nothing is gathered."""
    most_an_hour: int = Field(default=20, ge=1)
    """To one address; what is more is gathered until the hour is over."""


class SendingSettings(BaseModel):
    """How due deliveries are worked off."""

    in_hand: int = Field(default=128, ge=2)
    """Addresses that a replica has claimed at most, per channel and lane."""
    lease: timedelta = timedelta(minutes=2)
    """A claim that is older may be taken over by another replica."""
    look_every: timedelta = timedelta(seconds=15)
    """How often to look for what another replica left behind."""


class Settings(ServiceSettings):
    """Everything that can be set."""

    model_config = SettingsConfigDict(env_prefix="NOTIFICATION_")

    tracking_secrets: dict[str, SecretStr] = Field(min_length=1)
    """The same as intake's: whoever reads the mailbox that was given finds lost tickets with their codes again."""
    mongo: MongoSettings = MongoSettings(database="notification")
    smtp: SmtpSettings = SmtpSettings()
    sms: GatewaySettings = GatewaySettings()
    whatsapp: WhatsAppSettings = WhatsAppSettings()
    hooks: HookSettings = HookSettings()
    allowed_hosts: tuple[str, ...] = ()
    """`host:port` of simulators: only these may be called without https, or at an address that is not public."""
    timing: TimingSettings = TimingSettings()
    oidc: OidcSettings = OidcSettings()
    link_secret: SecretStr
    """Signs the links in messages."""
    sending: SendingSettings = SendingSettings()
    address_secret: SecretStr
    """Key of the digests under which receipts are counted per address."""
    public_url: str = "http://127.0.0.1:8000"
    reporter_path: str = "/lacak/{ticket}"
    """A page that asks for the tracking code: of a confidential case too."""
    follower_path: str = "/aduan/{ticket}"
    """What everybody may know of a case."""
    agency_path: str = "/desk/cases/{ticket}"
    agency_language: Language = Language.INDONESIAN
    old_after: timedelta = timedelta(days=7)
    """Nothing that happened longer ago is mailed, whatever offsets were lost."""
    silent_before: AwareDatetime | None = None
    """What happened before then is told to nobody: for a database that was lost and learns everything again."""
    wait_at_most: timedelta = timedelta(seconds=60)
    """How long a mail waits for what would make it better (an officer's words, the reporter's name for the agency)."""
    texts_asked_an_hour: int = 60
    """Text messages that ask whether somebody wants to follow: anybody can have one sent. By replica."""
    lost_tickets_asked_an_hour: int = Field(default=30, ge=1)
    """Of one address of the network, which many may share. By replica."""
    trusted_hops: int = Field(default=0, ge=0, le=9)
    """Gateways of ours before this service, each of which adds to `X-Forwarded-For`; the same as intake's."""
    receipts_a_day: int = 5
    """Receipts that one address gets in one day of WITA."""

    @model_validator(mode="after")
    def _no_password_in_the_clear(self) -> Self:
        if self.environment == "production" and self.smtp.username and not self.smtp.encrypts_always():
            raise ValueError("in production an SMTP login needs smtp.starttls=always or smtp.tls")
        return self

    @model_validator(mode="after")
    def _a_lease_that_lasts(self) -> Self:
        longest = max(way.lasts(_SENDS_IN_A_LEASE) for way in (self.smtp, self.sms, self.whatsapp, self.hooks))
        if self.sending.lease < longest:
            wanted = f"{_SENDS_IN_A_LEASE} times every timeout_s, and smtp.answer_s besides"
            raise ValueError(f"sending.lease must be at least {wanted}")
        return self

    @model_validator(mode="after")
    def _a_webhook_is_disabled_before_its_events_end(self) -> Self:
        if self.hooks.disable_after + self.hooks.longest_delay >= self.hooks.give_up_after:
            raise ValueError("hooks.disable_after and hooks.longest_delay must be less than hooks.give_up_after")
        return self

    def channels(self) -> frozenset[Channel]:
        """Those that can be used."""
        able = {Channel.SMS: self.sms.url, Channel.WHATSAPP: self.whatsapp.url, Channel.WEBHOOK: self.hooks.secret}
        return frozenset({Channel.EMAIL, *(channel for channel, there in able.items() if there)})

    def limits(self, channel: Channel) -> OutletSettings:
        ways = {Channel.SMS: self.sms, Channel.WHATSAPP: self.whatsapp, Channel.WEBHOOK: self.hooks}
        return ways.get(channel, self.smtp)

    def address_key(self) -> bytes:
        return self.address_secret.get_secret_value().encode()

    def link_key(self) -> bytes:
        return self.link_secret.get_secret_value().encode()

    def hook_key(self) -> bytes:
        """From which the secrets of webhooks are derived; empty where there are none."""
        return self.hooks.secret.get_secret_value().encode() if self.hooks.secret else b""

    def secrets(self) -> list[SecretStr]:
        maybe = [
            *(self.smtp.password, self.sms.token, self.sms.receipt_secret),
            *(self.whatsapp.token, self.whatsapp.receipt_secret, self.whatsapp.verify_token),
            *(self.hooks.secret, self.oidc.development_secret),
        ]
        return [*super().secrets(), self.address_secret, self.link_secret, *(one for one in maybe if one)]
