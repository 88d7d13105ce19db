import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.dispatch import NOT_OF_SERVICES, SERVICE_OF, service_of
from deploy.gateway.routes import FILE, NOBODY, rows, written

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS")
PARTS = (
    *{part for prefix in SERVICE_OF for part in prefix.split("/")[1:]},
    *NOT_OF_SERVICES,
    *("open311", "v2", "requests", "requests.json", "requests.a.xml", "requestsx", "servicerequestupdates", "services"),
    *("", "laporan", "NTB-1", "cases", "lacak"),
)


def by_gateway(method: str, path: str) -> str | None:
    """What nginx makes of the table: the first expression that is found."""
    found = next(service for pattern, service in rows() if re.search(pattern, f"{method} {path}"))
    return None if found == NOBODY else found


def test_given_the_table_when_the_gateways_file_is_compared_then_it_is_what_the_table_says() -> None:
    assert FILE.read_text(encoding="utf-8") == written(), "write it again with: make diagrams"


@given(st.sampled_from(METHODS), st.lists(st.sampled_from(PARTS), max_size=4))
def test_given_any_request_when_the_gateway_and_the_one_process_place_it_then_they_agree(
    method: str, parts: list[str]
) -> None:
    path = "/" + "/".join(parts)

    assert by_gateway(method, path) == service_of(method, path)


@pytest.mark.parametrize("path", ["/metrics", "/livez", "/docs", "/-/intake/metrics", "/openapi.json"])
def test_given_what_a_service_tells_its_operator_when_the_world_asks_then_the_gateway_passes_it_on_to_nobody(
    path: str,
) -> None:
    assert by_gateway("GET", path) is None
