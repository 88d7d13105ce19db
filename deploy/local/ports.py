"""Ports of this machine, on 127.0.0.1."""

import random
import socket

HOST = "127.0.0.1"

# Below the range from which systems take the near end of outgoing connections (Linux: 32768, others: 49152). There, a
# client that keeps trying a stopped server's port may in the end be given that very port, and talk to itself.
FREE_PORTS = range(20_000, 32_000)


class PortTaken(Exception):
    """Another program listens on a port that was asked for."""


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port on which nobody listens now. Nothing keeps it free."""
    return next(port for port in random.SystemRandom().sample(FREE_PORTS, len(FREE_PORTS)) if is_free(port))


def refuse_if_taken(port: int, server: str, setting: str) -> None:
    """Raises `PortTaken`, in words that say how to go on."""
    if not is_free(port):
        raise PortTaken(
            f"{server} cannot have port {port}: another program is using it. "
            f"Stop that program, or choose another port with {setting}."
        )


def answers(port: int) -> bool:
    """Whether somebody listens on the port; on one machine that is known at once."""
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0
