"""What is left of somebody, wherever anything is kept."""

from collections.abc import Collection
from typing import Final

from shared.topics import ALL_TOPICS, PERSONAL
from tests.services import Platform
from tests.system.outside import read_database
from tests.system.witness import Witness

_WITH_DATABASE: Final = ("routing", "notification", "reporting")


def found(text: str, words: Collection[str]) -> list[str]:
    return [word for word in words if word in text]


async def held(platform: Platform, words: Collection[str]) -> dict[str, list[str]]:
    """Which of these words each service's database holds, in whatever collection."""
    names = {service: platform.database(service).database for service in _WITH_DATABASE}
    contents = {service: repr(await read_database(platform.mongo.uri, name)) for service, name in names.items()}
    return {service: found(content, words) for service, content in contents.items()}


async def leaks(platform: Platform, witness: Witness, words: Collection[str]) -> dict[str, list[str]]:
    """Those of these words that are where none may ever be: logs, and every topic but the one that is for them."""
    texts = {path.name: path.read_text() for path in platform.folder.glob("*.log")}
    assert texts.keys() == {f"{name}.log" for name in platform.processes}
    for topic in ALL_TOPICS:
        if topic is not PERSONAL:
            records = await witness.read(topic)
            texts[topic.name] = "\n".join(repr((record.key, record.value, record.headers)) for record in records)
    return {name: leaked for name, text in texts.items() if (leaked := found(text, words))}
