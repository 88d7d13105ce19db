import pytest

from deploy.dispatch import service_of


@pytest.mark.parametrize(
    ("method", "path", "service"),
    [
        ("POST", "/v1/complaints", "intake"),
        ("GET", "/v1/complaints/options", "intake"),
        ("GET", "/v1/photos/abc.webp", "intake"),
        ("GET", "/lapor", "intake"),
        ("POST", "/lapor/1", "intake"),
        ("POST", "/channels/whatsapp", "intake"),
        ("GET", "/v1/desk/cases/NTB-1", "routing"),
        ("GET", "/v1/directory", "routing"),
        ("GET", "/desk", "routing"),
        ("POST", "/v1/subscriptions", "notification"),
        ("GET", "/v1/notices/1", "notification"),
        ("DELETE", "/v1/webhooks/1", "notification"),
        ("GET", "/v1/cases", "reporting"),
        ("GET", "/v1/statistics", "reporting"),
        ("GET", "/v1/scorecards/PUPR", "reporting"),
        ("GET", "/lacak/NTB-1", "reporting"),
    ],
)
def test_given_a_path_of_the_table_when_dispatched_then_its_service_gets_it(
    method: str, path: str, service: str
) -> None:
    request = (method, path)

    found = service_of(*request)

    assert found == service


@pytest.mark.parametrize(
    ("method", "path", "service"),
    [
        ("POST", "/open311/v2/requests.json", "intake"),
        ("POST", "/open311/v2/servicerequestupdates.json", "intake"),
        ("GET", "/open311/v2/services.json", "intake"),
        ("GET", "/open311/v2/services/road.damage.json", "intake"),
        ("GET", "/open311/v2/tokens/1.json", "intake"),
        ("GET", "/open311/v2/discovery.json", "intake"),
        ("GET", "/open311/v2/requests.json", "reporting"),
        ("HEAD", "/open311/v2/requests/NTB-1.json", "reporting"),
        ("GET", "/open311/v2/servicerequestupdates.xml", "reporting"),
    ],
)
def test_given_open311_when_dispatched_then_the_method_decides_who_gets_it(
    method: str, path: str, service: str
) -> None:
    request = (method, path)

    found = service_of(*request)

    assert found == service


@pytest.mark.parametrize(
    "path", ["/", "/instansi", "/aduan/NTB-1", "/data/cases.csv", "/v1/unknown", "/v2", "/laporan"]
)
def test_given_a_path_of_nobody_else_when_dispatched_then_reporting_gets_it(path: str) -> None:
    method = "GET"

    found = service_of(method, path)

    assert found == "reporting"


@pytest.mark.parametrize(
    "path", ["/-/", "/-/mail", "/docs", "/livez", "/readyz", "/metrics", "/openapi.json", "/asyncapi"]
)
def test_given_a_path_of_the_platform_when_dispatched_then_no_service_gets_it(path: str) -> None:
    method = "GET"

    found = service_of(method, path)

    assert found is None
