"""What all services are told by the environment: `ROUTING_KAFKA__BOOTSTRAP=…`, and so on."""

from typing import Final, Literal, Self

from pydantic import BaseModel, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

DEVELOPMENT: Final = "dev-"
"""What every generated secret of a development set-up begins with."""


class KafkaSettings(BaseModel):
    """Where the broker is and how its topics are named."""

    bootstrap: str = "127.0.0.1:9092"
    namespace: str = Field(default="ntbcare", pattern=r"^[a-z0-9-]+$")
    """What stands before every topic and group: `ntbcare.complaints`."""
    partitions: int = 12
    """Of topics that don't say otherwise, when `ntbcare topics apply` creates them."""
    instance: str | None = None
    """Name of this replica (`group.instance.id`): it gets its partitions back at once after a restart."""
    session_timeout_ms: int = 10_000
    drain_s: float = 10.0
    """How long a batch may go on when the service stops or its partitions go to another replica."""


class FloodSettings(BaseModel):
    """When a consumer stops parking records and waits for `ntbcare consumers resume`."""

    dead_letters: int = 100
    window: int = 1_000
    """The last so many records; more than half of them must have been parked."""


class ServiceSettings(BaseSettings):
    """Settings of one service; each sets its own prefix."""

    model_config = SettingsConfigDict(
        env_nested_delimiter="__", nested_model_default_partial_update=True, extra="ignore", frozen=True
    )

    kafka: KafkaSettings = KafkaSettings()
    flood: FloodSettings = FloodSettings()
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

    def secrets(self) -> list[SecretStr]:
        """All that must not leak and must not be a development value in production."""
        return list(self.tracking_secrets.values())

    def tracking_keys(self) -> dict[str, bytes]:
        return {key_id: secret.get_secret_value().encode() for key_id, secret in self.tracking_secrets.items()}
