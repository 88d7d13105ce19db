import io
import json
import logging
from collections.abc import Generator

import pytest
import structlog

from shared.logs import configure_logs


@pytest.fixture
def written() -> Generator[io.StringIO]:
    """What a service's log holds."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    configure_logs("info")
    stream = io.StringIO()
    [handler] = root.handlers
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(stream)
    yield stream
    root.handlers, root.level = handlers, level


def fail() -> None:
    raise ValueError("sitti@mail.example")


@pytest.mark.parametrize("logger", ["ours", "a library's"])
def test_given_an_error_that_quotes_a_person_when_it_is_logged_then_only_type_and_place_are(
    written: io.StringIO, logger: str
) -> None:
    try:
        fail()
    except ValueError:
        if logger == "ours":
            structlog.get_logger("shared.test").exception("handler_failed", topic="words")
        else:
            logging.getLogger("uvicorn.error").exception("Exception in ASGI application")

    line = json.loads(written.getvalue())
    assert "sitti" not in written.getvalue()
    assert line["error"] == "ValueError"
    assert line["at"].rpartition("/")[2].startswith("test_logs.py:")


def test_given_a_request_under_way_when_a_line_is_logged_then_it_carries_the_correlation_id(
    written: io.StringIO,
) -> None:
    with structlog.contextvars.bound_contextvars(correlation_id="0af7651916cd43dd8448eb211c80319c"):
        structlog.get_logger("shared.test").info("complaint_accepted")

    assert json.loads(written.getvalue())["correlation_id"] == "0af7651916cd43dd8448eb211c80319c"
