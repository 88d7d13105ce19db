"""Connections that end between two requests, on the event loop that services run on and a real Kafka."""

import asyncio
from typing import Any

import pytest
import uvloop
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.metadata import MetadataRequest

from shared.kafka import client_options
from shared.settings import KafkaSettings

pytestmark = pytest.mark.integration


async def test_given_a_connection_that_was_reset_a_moment_ago_when_a_client_asks_then_it_is_broken_and_made_anew(
    topics: KafkaSettings,
) -> None:
    def on_uvloop() -> None:
        uvloop.run(_ask_on_a_reset_connection(topics))

    await asyncio.to_thread(on_uvloop)


async def _ask_on_a_reset_connection(kafka: KafkaSettings) -> None:
    client = AIOKafkaClient(**client_options(kafka))
    await client.bootstrap()
    try:
        node = client.get_random_node()
        await client.send(node, MetadataRequest([]))
        connections: Any = vars(client)["_conns"]
        for connection in connections.values():
            connection._writer.transport.abort()  # as the network does it, unseen
        with pytest.raises(KafkaConnectionError):
            await client.send(node, MetadataRequest([]))
        assert await client.send(node, MetadataRequest([]))
    finally:
        await client.close()
