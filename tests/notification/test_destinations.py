import pytest

from services.notification.destinations import is_public, why_not_allowed


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),  # noqa: S104
        *("192.0.0.8", "192.0.2.1", "192.88.99.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
        *("::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1", "64:ff9b:1::1"),
        *("2001::1", "2001:db8::1", "2002:7f00:1::", "3fff::1", "5f00::1", "fc00::1", "fd12::1", "fe80::1"),
        *("fec0::1", "ff02::1", "2606:4700::1111%eth0", "100::1", "hooks.example.id"),
    ],
)
def test_given_an_address_that_is_not_the_worlds_when_looked_at_then_it_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "103.10.60.1", "2606:4700::1111", "2400:cb00::1"])
def test_given_an_address_of_the_world_when_looked_at_then_it_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://hooks.example.id/ntbcare?a=b", None),
        ("https://hooks.example.id:8443/", None),
        ("https://103.10.60.1/", None),
        ("http://hooks.example.id/", "not_https"),
        ("ftp://hooks.example.id/", "not_https"),
        ("hooks.example.id", "bad_url"),
        ("https://", "bad_url"),
        ("https://user:password@hooks.example.id/", "bad_url"),
        ("https://hooks.example.id:99999/", "bad_url"),
        ("https://hooks.example.id:0/", "bad_url"),
        ("https://hooks.example.id/" + "a" * 2_000, "bad_url"),
        ("https://hooks.example.id/\n", "bad_url"),
        ("https://localhost/", "forbidden_address"),
        ("https://intranet/", "forbidden_address"),
        ("https://db.internal/", "forbidden_address"),
        ("https://printer.local./", "forbidden_address"),
        ("https://127.1/", "forbidden_address"),
        ("https://2130706433/", "forbidden_address"),
        ("https://0x7f.0.0.1/", "forbidden_address"),
        ("https://169.254.169.254/latest", "forbidden_address"),
        ("https://[::1]/", "forbidden_address"),
        ("https://[::ffff:10.0.0.1]/", "forbidden_address"),
    ],
)
def test_given_a_url_when_it_is_to_be_registered_then_it_is_told_why_not(url: str, why: str | None) -> None:
    assert why_not_allowed(url) == why


def test_given_a_simulator_when_its_host_is_allowed_then_only_with_its_own_port() -> None:
    allowed = ("127.0.0.1:8000",)

    assert why_not_allowed("http://127.0.0.1:8000/-/simulators", allowed) is None
    assert why_not_allowed("http://127.0.0.1:8001/", allowed) == "not_https"
    assert why_not_allowed("https://127.0.0.1/", allowed) == "forbidden_address"
