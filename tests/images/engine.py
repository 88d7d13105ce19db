"""The Docker engine, where one answers that has what `make images` makes."""

import json
import subprocess
from typing import Any

from tests.containers import KAFKA_IMAGE, MONGO_IMAGE, docker_has

SERVICES = ("intake", "routing", "notification", "reporting")
IMAGES = (*(f"ntbcare/{name}:local" for name in (*SERVICES, "tools")), KAFKA_IMAGE, MONGO_IMAGE)


def why_not() -> str:
    """What is missing to run these tests; empty where nothing is."""
    missing = [image for image in IMAGES if not docker_has(image)]
    return f"no Docker engine answers that has {missing[0]}: make images" if missing else ""


def docker(*words: str) -> str:
    """What the command says. Raises CalledProcessError."""
    done = subprocess.run(["docker", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"docker {' '.join(words)}: {done.stderr}"
    return done.stdout.strip()


def inspect(name: str) -> dict[str, Any]:
    [found] = json.loads(docker("inspect", name))
    return found
