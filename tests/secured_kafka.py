"""A real Kafka that takes encrypted connections of known users only, and does what their rights allow."""

import subprocess
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template

import trustme
from anyio.from_thread import start_blocking_portal
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from deploy.local.cache import cache_folder
from deploy.local.kafka.program import KafkaProgram, prepare
from deploy.local.kafka.server import CLUSTER_ID, SMALL_JVM, answers_metadata
from deploy.local.ports import HOST, free_port
from deploy.local.processes import LocalServer, ServerPlan
from shared.settings import KafkaSettings

PASSWORDS = {"admin": "admin-pass", "intake": "intake-pass", "routing": "routing-pass", "cli": "cli-pass"}
"""By user."""

_PROPERTIES = Template("""
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controller_port}
controller.listener.names=CONTROLLER
listeners=SASL_SSL://127.0.0.1:${port},INSIDE://127.0.0.1:${inside_port},CONTROLLER://127.0.0.1:${controller_port}
advertised.listeners=SASL_SSL://127.0.0.1:${port},INSIDE://127.0.0.1:${inside_port}
listener.security.protocol.map=SASL_SSL:SASL_SSL,INSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=INSIDE
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
ssl.keystore.type=PEM
ssl.keystore.location=${folder}/broker.pem
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:admin;User:ANONYMOUS
log.dirs=${folder}/log
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
share.coordinator.state.topic.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.replication.factor=1
""")


@dataclass(frozen=True)
class SecuredKafka:
    port: int
    inside: str
    """Bootstrap address of the listener that asks for no password."""
    ca_file: Path
    program: KafkaProgram

    def settings(self, user: str, namespace: str, password: str | None = None) -> KafkaSettings:
        return KafkaSettings.model_validate(
            {
                "bootstrap": f"{HOST}:{self.port}",
                "security_protocol": "SASL_SSL",
                "username": user,
                "password": password or PASSWORDS[user],
                "ca_file": self.ca_file,
                "namespace": namespace,
                "partitions": 2,
            }
        )


@contextmanager
def a_secured_kafka(folder: Path) -> Generator[SecuredKafka]:
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(_running(folder)) as kafka:
        yield kafka


@asynccontextmanager
async def _running(folder: Path) -> AsyncGenerator[SecuredKafka]:
    program = prepare(cache_folder())
    port, inside = free_port(), free_port()
    ca_file = _write_certificates(folder)
    properties = folder / "server.properties"
    properties.write_text(
        _PROPERTIES.substitute(port=port, inside_port=inside, controller_port=free_port(), folder=folder)
    )
    _format(program, properties)
    plan = ServerPlan(
        name="Kafka with passwords",
        command=program.command("kafka.Kafka", properties, flags=SMALL_JVM),
        port=port,
        port_setting="the test",
        log=folder / "kafka.log",
        ready=lambda: answers_metadata(inside),
    )
    server = LocalServer(plan)
    await server.start()
    try:
        yield SecuredKafka(port, f"{HOST}:{inside}", ca_file, program)
    finally:
        await server.stop()


def _write_certificates(folder: Path) -> Path:
    authority = trustme.CA()
    certificate = authority.issue_cert(HOST)
    key = load_pem_private_key(certificate.private_key_pem.bytes(), password=None)
    # Kafka reads keys in PKCS 8 only.
    pkcs8 = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    chain = b"".join(blob.bytes() for blob in certificate.cert_chain_pems)
    (folder / "broker.pem").write_bytes(pkcs8 + chain)
    ca_file = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    return ca_file


def _format(program: KafkaProgram, properties: Path) -> None:
    users = [
        word
        for name, password in PASSWORDS.items()
        for word in ("--add-scram", f"SCRAM-SHA-512=[name={name},password={password}]")
    ]
    command = program.command(
        "kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", properties, *users, flags=SMALL_JVM
    )
    subprocess.run(command, check=True, capture_output=True)
