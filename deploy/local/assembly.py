"""The platform of one machine: topics, mail sink and the four services, told where everything is, at one address.

Imported while Kafka starts: it knows the services' code, which takes seconds to load.
"""

import asyncio
import json
import logging
import os
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final

import uvicorn
from fastapi import FastAPI
from pydantic import ValidationError

from deploy.local.development import DESK, ISSUER, development_secrets
from deploy.local.plan import Addresses, Plan, Step
from deploy.local.ports import HOST
from deploy.mail.mailbox import Mailbox
from deploy.mail.sink import running_sink
from deploy.platform import Platform, Sinks, create_platform
from deploy.simulators.arrivals import Arrivals, Kind
from deploy.simulators.playing import PREFIX, Simulators
from deploy.simulators.receipts import Receipts, Target
from deploy.topics import apply_topics
from services.intake.app import create_app as create_intake
from services.notification.app import create_app as create_notification
from services.reporting.app import create_app as create_reporting
from services.routing.app import create_app as create_routing
from shared.settings import KafkaSettings

_CREATE: Final = {
    "intake": create_intake,
    "routing": create_routing,
    "notification": create_notification,
    "reporting": create_reporting,
}
_LOG_BYTES, _OLD_LOGS = 10_000_000, 2
_LAST_REQUESTS_S: Final = 3


class SettingsWrong(Exception):
    """The environment gives a service what it cannot work with."""


@asynccontextmanager
async def running_platform(plan: Plan, addresses: Addresses, done: Callable[[Step], None]) -> AsyncGenerator[Platform]:
    """The services, their topics, the mail sink and HTTP, as long as the block runs; they end in the reverse order.

    Raises SecretsUnreadable, TopicsNotCreated, SettingsWrong, ServiceNotStarted.
    """
    secrets = development_secrets(plan.folder)
    await apply_topics(KafkaSettings(bootstrap=addresses.bootstrap))
    done(Step.TOPICS)
    environment = environment_of(plan, addresses, secrets)
    sinks = Sinks(Mailbox(plan.folder / "mail"), _simulators(plan, {**os.environ, **environment}))
    platform = _assemble(environment, plan.log, sinks)
    async with (
        running_sink(sinks.mailbox, plan.smtp_port),
        sinks.simulators.receipts.running(),
        platform.running(),
        _serving(platform, plan.http_port),
    ):
        done(Step.SERVICES)
        yield platform


def _simulators(plan: Plan, settings: Mapping[str, str]) -> Simulators:
    """They show and ask for what notification is told to ask for and to show."""
    channels = {Kind.SMS: "NOTIFICATION_SMS__", Kind.WHATSAPP: "NOTIFICATION_WHATSAPP__"}
    targets = {
        channel: Target(f"{plan.url}/v1/notices/receipts/{channel}", settings[f"{prefix}RECEIPT_SECRET"])
        for channel, prefix in channels.items()
    }
    tokens = {channel: settings[f"{prefix}TOKEN"] for channel, prefix in channels.items()}
    return Simulators(Arrivals(plan.folder / "messages"), Receipts(targets), tokens)


def environment_of(plan: Plan, addresses: Addresses, secrets: Mapping[str, str]) -> dict[str, str]:
    """What the services are told. Of secrets, those that the environment does not give already."""
    settings = {name: value for name, value in secrets.items() if name not in os.environ}
    if os.environ.get(ISSUER):
        settings.pop(DESK, None)
    settings |= {"NOTIFICATION_SMTP__HOST": HOST, "NOTIFICATION_SMTP__PORT": str(plan.smtp_port)}
    settings |= {name: value for name, value in _gateways(plan).items() if name not in os.environ}
    settings["NOTIFICATION_PUBLIC_URL"] = plan.url
    settings["INTAKE_BLOBS__URL"] = (plan.folder / "blobs").absolute().as_uri()
    for service in ("INTAKE", "NOTIFICATION"):
        settings |= _sign_in_at(service, settings)
    for service in _CREATE:
        prefix = service.upper()
        settings[f"{prefix}_KAFKA__BOOTSTRAP"] = addresses.bootstrap
        # With a name of its own a member gets its partitions at once, also after it was killed.
        settings[f"{prefix}_KAFKA__INSTANCE"] = "local"
        settings[f"{prefix}_MONGO__URI"] = addresses.mongo_uri
    return settings


def _gateways(plan: Plan) -> dict[str, str]:
    """What the environment may tell otherwise: real gateways, and the hours of a real service."""
    told = {
        "NOTIFICATION_SMS__URL": f"{plan.url}{PREFIX}/sms/messages",
        "NOTIFICATION_WHATSAPP__URL": f"{plan.url}{PREFIX}/whatsapp",
        "NOTIFICATION_WHATSAPP__PHONE_NUMBER_ID": "simulated",
        "NOTIFICATION_ALLOWED_HOSTS": json.dumps([f"{HOST}:{plan.http_port}"]),
    }
    if "NOTIFICATION_TIMING__QUIET_FROM" not in os.environ:
        # Whoever tries it in the evening sees the messages. No variable of one field can say None.
        told["NOTIFICATION_TIMING"] = json.dumps({"quiet_from": None})
    return told


def _sign_in_at(service: str, settings: Mapping[str, str]) -> dict[str, str]:
    """It takes the tokens that the desk takes, unless the environment tells it of others."""
    if any(name.startswith(f"{service}_OIDC__") for name in os.environ):
        return {}
    desk = {name: value for name, value in {**os.environ, **settings}.items() if name.startswith("ROUTING_OIDC__")}
    return {name.replace("ROUTING", service, 1): value for name, value in desk.items()}


def _assemble(environment: Mapping[str, str], log: Path, sinks: Sinks) -> Platform:
    os.environ.update(environment)
    apps = {name: _create(name) for name in _CREATE}
    _log_to(log)
    return create_platform(apps, sinks)


def _create(name: str) -> FastAPI:
    try:
        return _CREATE[name]()
    except ValidationError as error:
        faults = "; ".join(
            f"{name.upper()}_{'__'.join(map(str, fault['loc'])).upper()}: {fault['msg']}" for fault in error.errors()
        )
        raise SettingsWrong(f"The settings of {name} are not right: {faults}") from None


def _log_to(file: Path) -> None:
    """Send what the services log to a file instead of the terminal, as they format it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    root = logging.getLogger()
    handler = RotatingFileHandler(file, maxBytes=_LOG_BYTES, backupCount=_OLD_LOGS)
    handler.setFormatter(root.handlers[0].formatter)
    handler.filters = root.handlers[0].filters
    root.handlers = [handler]
    # aiosmtpd logs every command, and so every address.
    logging.getLogger("mail").setLevel(logging.WARNING)


@asynccontextmanager
async def _serving(platform: Platform, port: int) -> AsyncGenerator[None]:
    """HTTP on 127.0.0.1 as long as the block runs; requests under way then get a few seconds to end."""
    config = uvicorn.Config(
        platform,
        host=HOST,
        port=port,
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_LAST_REQUESTS_S,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve())
    try:
        while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn tells nobody
            await asyncio.sleep(0.02)
        yield
    finally:
        server.should_exit = True
        await asyncio.gather(task, return_exceptions=True)


class _Server(uvicorn.Server):
    """Leaves Ctrl-C to whoever runs it, because the services and servers behind it must end after it."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield
