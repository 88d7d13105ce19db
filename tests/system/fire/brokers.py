"""Three Kafka nodes, each behind a proxy for all that is not a broker; one has a small disk of its own."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from string import Template
from typing import Final

from deploy.local.cache import cache_folder
from deploy.local.kafka import program
from deploy.local.kafka.server import SMALL_JVM, KafkaServer, answers_metadata, format_if_new
from deploy.local.ports import HOST, free_port
from deploy.local.processes import ServerPlan
from tests.system.fire.proxy import Proxy, proxying

THREE: Final = 3
_SETTINGS: Final = Template("""\
process.roles=broker,controller
node.id=${node}
controller.quorum.voters=${voters}
controller.listener.names=CONTROLLER
listeners=CLIENT://127.0.0.1:${port},PEER://127.0.0.1:${peer_port},CONTROLLER://127.0.0.1:${controller_port}
advertised.listeners=CLIENT://127.0.0.1:${proxy_port},PEER://127.0.0.1:${peer_port}
inter.broker.listener.name=PEER
listener.security.protocol.map=CLIENT:PLAINTEXT,PEER:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=${folder}/log
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
controller.quorum.election.timeout.ms=500
controller.quorum.fetch.timeout.ms=1000
replica.lag.time.max.ms=3000
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
offsets.topic.num.partitions=4
offsets.topic.replication.factor=3
share.coordinator.state.topic.replication.factor=3
transaction.state.log.replication.factor=3
min.insync.replicas=2
""")


@asynccontextmanager
async def three_brokers(folders: Sequence[Path]) -> AsyncGenerator[tuple[list[KafkaServer], list[Proxy]]]:
    """Their data in these folders."""
    kafka = await asyncio.to_thread(program.prepare, cache_folder())
    ports = [free_port() for _ in folders]
    controllers = [free_port() for _ in folders]
    voters = ",".join(f"{node}@{HOST}:{port}" for node, port in enumerate(controllers, 1))
    async with AsyncExitStack() as stack:
        proxies = await stack.enter_async_context(proxying(*ports))
        settings = [
            _write(folder, node=node, voters=voters, port=port, controller_port=controller, proxy_port=proxy.port)
            for node, (folder, port, controller, proxy) in enumerate(
                zip(folders, ports, controllers, proxies, strict=True), 1
            )
        ]
        formats = [asyncio.to_thread(format_if_new, kafka, f, s) for f, s in zip(folders, settings, strict=True)]
        await asyncio.gather(*formats)
        servers = [
            _server(node, folder, port, kafka.command("kafka.Kafka", written, flags=SMALL_JVM))
            for node, (folder, port, written) in enumerate(zip(folders, ports, settings, strict=True), 1)
        ]
        for server in servers:
            stack.callback(server.kill)
        await asyncio.gather(*(server.start() for server in servers))
        yield servers, proxies


def bootstrap_of(proxies: Sequence[Proxy]) -> str:
    return ",".join(f"{HOST}:{proxy.port}" for proxy in proxies)


def _write(folder: Path, **values: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "server.properties"
    settings.write_text(_SETTINGS.substitute(values, folder=folder.resolve(), peer_port=free_port()))
    return settings


def _server(node: int, folder: Path, port: int, command: Sequence[str]) -> KafkaServer:
    plan = ServerPlan(
        name=f"broker-{node}",
        command=command,
        port=port,
        port_setting="",
        log=folder.parent / f"broker-{node}.log",
        ready=lambda: answers_metadata(port),
    )
    return KafkaServer(plan)
