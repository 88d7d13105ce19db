"""What `ntbcare up` is to start, and the words for it."""

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from deploy.local.ports import HOST, PortTaken, is_free


class Step(StrEnum):
    """What a start is made of."""

    KAFKA = "Apache Kafka"
    MONGODB = "MongoDB"
    CODE = "Code of the services"
    TOPICS = "Topics"
    SERVICES = "Services"


@dataclass(frozen=True)
class Addresses:
    """Where the servers are."""

    bootstrap: str
    mongo_uri: str


@dataclass(frozen=True)
class Plan:
    """From which data, on which ports of 127.0.0.1."""

    folder: Path
    http_port: int = 8000
    kafka_port: int = 9092
    mongo_port: int = 27017
    smtp_port: int = 1025

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.http_port}"

    @property
    def log(self) -> Path:
        return self.folder / "logs" / "ntbcare.log"

    def refuse_taken_ports(self) -> None:
        """Raises `PortTaken` with everything that is in the way."""
        wanted = [
            (self.http_port, "The web server", "PORT or --port"),
            (self.kafka_port, "Kafka", "KAFKA_PORT or --kafka-port"),
            (self.mongo_port, "MongoDB", "MONGO_PORT or --mongo-port"),
            (self.smtp_port, "The mail sink", "SMTP_PORT or --smtp-port"),
        ]
        times = Counter(port for port, _, _ in wanted)
        twice = [f"{who} ({setting})" for port, who, setting in wanted if times[port] > 1]
        if twice:
            raise PortTaken(f"Each needs a port of its own, but these were given the same: {', '.join(twice)}.")
        taken = [
            f"{who} cannot have port {port}: another program is using it. Stop that program, or choose another port "
            f"with {setting}."
            for port, who, setting in wanted
            if not is_free(port)
        ]
        if taken:
            raise PortTaken("\n".join(taken))
