"""The whole of `deploy/compose.yaml` on a Docker engine: started, used through the gateway, scaled, hurt."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Generator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest

from deploy.local.ports import HOST, free_port
from deploy.secret_files import make_secrets
from tests.containers import docker_has
from tests.images.engine import SERVICES, docker, inspect, why_not
from tests.waiting import until

GATEWAY = "nginxinc/nginx-unprivileged:1.28-bookworm"
REASON = why_not() or ("" if docker_has(GATEWAY) else f"no Docker engine answers that has {GATEWAY}: make images")
pytestmark = [pytest.mark.images, pytest.mark.skipif(bool(REASON), reason=REASON)]


@dataclass(frozen=True)
class Server:
    """What Compose runs."""

    environment: dict[str, str]
    url: str

    def compose(self, *words: str) -> str:
        command = [Path(sys.executable).with_name("docker-compose"), "--file", "deploy/compose.yaml", *words]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{' '.join(words)}: {done.stderr}"
        return done.stdout

    def up(self, *words: str) -> None:
        self.compose("up", "--detach", "--no-build", "--pull", "never", "--quiet-pull", *words)

    def containers(self, service: str) -> list[str]:
        return self.compose("ps", "--quiet", service).split()

    def healthy(self, service: str) -> int:
        states = [inspect(container)["State"] for container in self.containers(service)]
        return sum(state.get("Health", {}).get("Status") == "healthy" for state in states)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    secrets = tmp_path_factory.mktemp("compose") / "secrets"
    make_secrets(secrets)
    port = free_port()
    told = {
        "COMPOSE_PROJECT_NAME": f"ntbcare-test-{uuid4().hex[:8]}",
        "NTBCARE_SECRETS": str(secrets),
        "NTBCARE_ENV": str(secrets / "none.env"),
        "NTBCARE_HTTP": f"{HOST}:{port}",
        "KAFKA_HEAP_OPTS": "-Xms64m -Xmx384m -XX:+UseSerialGC -XX:TieredStopAtLevel=1",
    }
    server = Server({**os.environ, **told}, f"http://{HOST}:{port}")
    try:
        server.up()
        yield server
    finally:
        server.compose("--profile", "*", "down", "--volumes", "--timeout", "20")


@pytest.fixture
async def http(server: Server) -> AsyncGenerator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=server.url, timeout=30) as http:
        yield http


async def complain(http: httpx2.AsyncClient) -> str:
    """The ticket, once the complaint is accepted."""
    complaint = {
        "category": "road.damage",
        "text": "Jalan berlubang di depan pasar, sudah dua bulan.",
        "location": {"latitude": -8.6497, "longitude": 116.5402},
        "answers": {"road_class": "regency"},
        "reporter": {"name": "Sitti", "email": "sitti@mail.example", "language": "id"},
    }

    async def accepted() -> str | None:
        try:
            answer = await http.post("/v1/complaints", json=complaint, headers={"Idempotency-Key": key})
        except httpx2.TransportError:
            return None
        return answer.json()["ticket"] if answer.status_code == 202 else None

    key = str(uuid4())
    return await until(accepted, limit_s=60, every_s=0.5)


async def seen(http: httpx2.AsyncClient, ticket: str) -> str:
    """Which agency has it, as reporting shows it."""

    async def agency() -> str | None:
        answer = await http.get(f"/v1/cases/{ticket}?wait=5&after=1")
        return answer.json().get("agency") if answer.status_code == 200 else None

    return await until(agency, limit_s=60, every_s=0.2)


async def test_given_a_started_server_when_a_complaint_comes_by_the_gateway_then_reporting_shows_it(
    http: httpx2.AsyncClient,
) -> None:
    ticket = await complain(http)

    assert await seen(http, ticket) == "PUPR-52.03"
    assert (await http.get("/lapor")).status_code == 200
    assert (await http.get("/")).status_code == 200
    assert (await http.get("/metrics")).status_code == 404


async def test_given_a_started_server_when_its_containers_are_looked_at_then_they_have_few_rights(
    server: Server, http: httpx2.AsyncClient
) -> None:
    await complain(http)

    for service in SERVICES:
        [container] = server.containers(service)
        found = inspect(container)
        assert found["HostConfig"]["ReadonlyRootfs"] is True
        assert docker("exec", container, "python", "-c", "import os; print(os.getuid())") == "10001"
        assert "Read-only file system" in failed("exec", container, "python", "-c", "open('/app/new', 'w')")
        assert not any(secret in str(found["Config"]["Env"]) for secret in ("SECRET=", "SECRETS=", "PASSWORD="))
    assert inspect(server.containers("gateway")[0])["Config"]["User"] not in {"", "0", "root"}


async def test_given_one_replica_when_routing_is_scaled_to_three_and_back_then_complaints_are_routed_all_the_time(
    server: Server, http: httpx2.AsyncClient
) -> None:
    server.up("--no-recreate", "--scale", "routing=3")
    await until(lambda: server.healthy("routing") == 3, limit_s=60, every_s=0.5)
    with_three = [await seen(http, await complain(http)) for _ in range(5)]
    server.up("--no-recreate", "--scale", "routing=1")
    with_one = await seen(http, await complain(http))

    assert len(server.containers("routing")) == 1
    assert {*with_three, with_one} == {"PUPR-52.03"}


@pytest.mark.parametrize("service", ["reporting", "intake"])
async def test_given_a_service_that_is_killed_when_compose_notices_then_it_is_back_and_nothing_is_lost(
    server: Server, http: httpx2.AsyncClient, service: str
) -> None:
    ticket = await complain(http)
    [container] = server.containers(service)
    before = inspect(container)

    # Not by `docker kill`, which the engine takes for a wish that it stays away.
    os.kill(before["State"]["Pid"], signal.SIGKILL)
    await until(lambda: inspect(container)["RestartCount"] > before["RestartCount"], limit_s=30, every_s=0.2)

    assert await seen(http, ticket) == "PUPR-52.03"
    assert await seen(http, await complain(http)) == "PUPR-52.03"


async def test_given_a_running_server_when_its_operator_types_a_command_then_it_reaches_kafka_and_mongodb(
    server: Server, http: httpx2.AsyncClient
) -> None:
    await complain(http)

    run = ("--profile", "command", "run", "--rm", "--no-deps", "-T", "ntbcare")
    checked = server.compose(*run, "topics", "check")
    generations = server.compose(*run, "reporting", "generations")

    assert "Every topic is as declared." in checked
    assert generations.strip()


def failed(*words: str) -> str:
    done = subprocess.run(["docker", *words], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    return done.stderr
