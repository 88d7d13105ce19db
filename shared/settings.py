"""What all services are told by the environment: `ROUTING_KAFKA__BOOTSTRAP=…`, and so on.

Each may as well lie in a file of that name below `/run/secrets`, or the folder that `NTBCARE_SECRETS` names.
"""

import os
from typing import Final, Literal, Self

from pydantic import BaseModel, Field, FilePath, SecretStr, model_validator
from pydantic_settings import (
    BaseSettings,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

DEVELOPMENT: Final = "dev-"
"""What every generated secret of a development set-up begins with."""


SECRETS_VARIABLE: Final = "NTBCARE_SECRETS"
_SECRETS_FOLDER: Final = "/run/secrets"
_PASSWORD_IN_THE_CLEAR: Final = ("production", "SASL_PLAINTEXT", "PLAIN")


class FromEnvironment(BaseSettings):
    """Settings from environment variables; what none says, from files, as Compose and Kubernetes mount secrets."""

    model_config = SettingsConfigDict(
        env_nested_delimiter="__",
        nested_model_default_partial_update=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        *others, _ = super().settings_customise_sources(
            settings_cls, init_settings, env_settings, dotenv_settings, file_secret_settings
        )
        folder = os.environ.get(SECRETS_VARIABLE, _SECRETS_FOLDER)
        files = NestedSecretsSettingsSource(file_secret_settings, secrets_dir=folder, secrets_dir_missing="ok")
        return *others, files


class KafkaSettings(BaseModel):
    """Where the broker is, who we are there, and how its topics are named. `shared.kafka` connects with it."""

    bootstrap: str = "127.0.0.1:9092"
    """Some of the brokers, with commas between them."""
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"] = "SCRAM-SHA-512"
    username: str | None = None
    password: SecretStr | None = None
    ca_file: FilePath | None = None
    """PEM file of the authorities that sign brokers' certificates; None: those that the machine trusts."""
    cert_file: FilePath | None = None
    """PEM file of our own certificate, where brokers ask for one; its key is in it too, or in `key_file`."""
    key_file: FilePath | None = None
    namespace: str = Field(default="ntbcare", pattern=r"^[a-z0-9-]+$")
    """What stands before every topic and group: `ntbcare.complaints`."""
    partitions: int = 12
    """Of topics that don't say otherwise, when `ntbcare topics apply` creates them."""
    instance: str | None = None
    """Name of this replica (`group.instance.id`): it gets its partitions back at once after a restart."""
    session_timeout_ms: int = 10_000
    drain_s: float = 10.0
    """How long a batch may go on when the service stops or its partitions go to another replica."""

    @property
    def logs_in(self) -> bool:
        return self.security_protocol.startswith("SASL_")

    @model_validator(mode="after")
    def _a_login_is_whole(self) -> Self:
        given = [self.username is not None, self.password is not None]
        if self.logs_in and not all(given):
            raise ValueError(f"security_protocol {self.security_protocol} needs username and password")
        if not self.logs_in and any(given):
            raise ValueError("username and password are used with security_protocol SASL_SSL or SASL_PLAINTEXT only")
        return self


class TracingSettings(BaseModel):
    """Whether spans are recorded, and where they go. Needs the extra `telemetry`."""

    endpoint: str | None = Field(default=None, pattern="^https?://.+[^/]$")
    """An OpenTelemetry collector that takes OTLP over HTTP, as in `http://collector:4318`. None: no spans."""
    ratio: float = Field(default=1.0, ge=0, le=1)
    """So many of the traces that begin here are recorded, each of them whole."""


class FloodSettings(BaseModel):
    """When a consumer stops parking records and waits for `ntbcare consumers resume`."""

    dead_letters: int = 100
    window: int = 1_000
    """The last so many records; more than half of them must have been parked."""


class ServiceSettings(FromEnvironment):
    """Settings of one service; each sets its own prefix."""

    kafka: KafkaSettings = KafkaSettings()
    flood: FloodSettings = FloodSettings()
    tracing: TracingSettings = TracingSettings()
    environment: Literal["development", "production"] = "development"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    stuck_after_s: float = 120.0
    """A consumer that has records to read and moves no position for so long is restarted, then said to be dead."""
    tracking_secrets: dict[str, SecretStr] = Field(default_factory=dict[str, SecretStr])
    """Keys of the tracking codes by key id (one character of the alphabet); the first makes new codes."""

    @model_validator(mode="after")
    def _no_development_secret_in_production(self) -> Self:
        if self.environment == "production" and any(
            secret.get_secret_value().startswith(DEVELOPMENT) for secret in self.secrets()
        ):
            msg = "a secret that was generated for development (dev-…) must not be used in production"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _no_password_in_the_clear(self) -> Self:
        kafka = self.kafka
        if (self.environment, kafka.security_protocol, kafka.sasl_mechanism) == _PASSWORD_IN_THE_CLEAR:
            raise ValueError("in production a login with sasl_mechanism PLAIN needs security_protocol SASL_SSL")
        return self

    def secrets(self) -> list[SecretStr]:
        """All that must not leak and must not be a development value in production."""
        return [*self.tracking_secrets.values(), *filter(None, (self.kafka.password,))]

    def tracking_keys(self) -> dict[str, bytes]:
        return {key_id: secret.get_secret_value().encode() for key_id, secret in self.tracking_secrets.items()}
