"""Tokens of an issuer whose keys are fetched, rotate, and can be away."""

import base64
import hmac
import json
import time
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from pydantic import SecretStr, ValidationError

from shared.jwts import NotFetched
from shared.oidc import OidcSettings, SignIn, issue_locally
from shared.problems import Problem

LONG_AGO, FAR_OFF = 1_000_000_000, 9_000_000_000
"""Seconds of the epoch that are the same in every process that collects this module."""
ISSUER = "https://sso.ntbprov.example/realms/ntb"
SECRET = "dev-a-secret-of-tests-that-is-long-enough"


class Issuer:
    """Signs tokens and shows its keys, unless it is away."""

    def __init__(self) -> None:
        self.keys = [ECKey.generate_key("P-256", {"kid": "one", "use": "sig"})]
        self.asked = list[str]()
        self.away = False

    async def fetch(self, url: str) -> Any:
        self.asked.append(url)
        if self.away:
            raise NotFetched("away")
        if url.endswith("/.well-known/openid-configuration"):
            return {"jwks_uri": f"{ISSUER}/certs"}
        return KeySet(list(self.keys)).as_dict(private=False)

    def rotate(self, kid: str) -> None:
        self.keys = [ECKey.generate_key("P-256", {"kid": kid, "use": "sig"})]

    def token(self, *, key: ECKey | None = None, **claims: Any) -> str:
        key = key or self.keys[0]
        now = int(time.time())
        body = {"iss": ISSUER, "aud": "ntbcare-desk", "sub": "u1", "exp": now + 300, "ntbcare_roles": ["officer"]}
        header = {"alg": "ES256", "kid": key.kid}
        return jwt.encode(header, {name: value for name, value in (body | claims).items() if value is not None}, key)


class Clock:
    def __init__(self) -> None:
        self.at = time.time()

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sign_in(issuer: Issuer, clock: Clock) -> SignIn:
    return SignIn(OidcSettings(issuer=ISSUER), issuer.fetch, clock)


def as_part(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


async def refused(sign_in: SignIn, token: str) -> Problem:
    with pytest.raises(Problem) as problem:
        await sign_in.read(token)
    return problem.value


async def test_given_a_good_token_when_it_is_read_then_it_says_who_and_what(sign_in: SignIn, issuer: Issuer) -> None:
    roles = "officer agency_head"
    token = issuer.token(name="Ani", ntbcare_roles=roles, ntbcare_agency="PLN", ntbcare_regions=["52.03"])

    signed_in = await sign_in.read(token)

    assert (signed_in.subject, signed_in.name, signed_in.agency) == ("u1", "Ani", "PLN")
    assert (signed_in.roles, signed_in.regions) == (("officer", "agency_head"), ("52.03",))
    assert issuer.asked == [f"{ISSUER}/.well-known/openid-configuration", f"{ISSUER}/certs"]


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://elsewhere.example"},
        {"iss": None},
        {"aud": "another"},
        {"aud": None},
        {"exp": LONG_AGO},
        {"exp": None},
        {"nbf": FAR_OFF},
        {"sub": None},
        {"sub": ""},
        {"ntbcare_roles": 7},
        {"ntbcare_agency": ["PLN"]},
    ],
    ids=str,
)
async def test_given_a_claim_that_is_wrong_when_the_token_is_read_then_it_is_refused(
    sign_in: SignIn, issuer: Issuer, claims: dict[str, Any]
) -> None:
    problem = await refused(sign_in, issuer.token(**claims))

    assert problem.status == 401
    assert issuer.token(**claims)[:20] not in str(problem.body)


async def test_given_a_token_that_is_not_good_when_it_is_refused_then_the_answer_says_why_in_words(
    sign_in: SignIn, issuer: Issuer
) -> None:
    tokens = [
        "no.token.atall",
        issuer.token(exp=LONG_AGO),
        issuer.token(aud="another"),
        issuer.token(nbf=FAR_OFF),
        issuer.token(sub=None),
        issuer.token(key=ECKey.generate_key("P-256", {"kid": "one", "use": "sig"})),
    ]

    details = [(await refused(sign_in, token)).body["detail"] for token in tokens]

    assert [str(detail).removeprefix("Please sign in again: ") for detail in details] == [
        "it can't be read.",
        "it has expired.",
        "a claim says something else than it must.",
        "a claim says something else than it must.",
        "a claim is missing.",
        "its signature does not fit.",
    ]


@pytest.mark.parametrize("late_s", [50, 70])
async def test_given_a_token_that_just_expired_when_clocks_differ_then_a_minute_is_forgiven(
    sign_in: SignIn, issuer: Issuer, late_s: int
) -> None:
    token = issuer.token(exp=int(time.time()) - late_s)

    if late_s < 60:
        assert (await sign_in.read(token)).subject == "u1"
    else:
        assert (await refused(sign_in, token)).status == 401


async def test_given_a_known_token_when_it_expires_then_it_is_refused(
    sign_in: SignIn, issuer: Issuer, clock: Clock
) -> None:
    token = issuer.token(exp=int(clock.at) + 10)
    await sign_in.read(token)

    clock.at += 71

    assert (await refused(sign_in, token)).status == 401


async def test_given_another_key_under_a_known_name_when_it_signs_then_it_is_refused(
    sign_in: SignIn, issuer: Issuer
) -> None:
    forged = ECKey.generate_key("P-256", {"kid": "one"})

    assert (await refused(sign_in, issuer.token(key=forged))).status == 401


async def test_given_a_token_that_is_signed_with_the_public_key_as_a_secret_when_it_is_read_then_it_is_refused(
    sign_in: SignIn, issuer: Issuer
) -> None:
    claims = {"iss": ISSUER, "aud": "ntbcare-desk", "sub": "u1", "exp": int(time.time()) + 300}
    signed = ".".join(as_part(json.dumps(part).encode()) for part in ({"alg": "HS256", "kid": "one"}, claims))
    forged = hmac.digest(issuer.keys[0].as_pem(private=False), signed.encode(), "sha256")

    assert (await refused(sign_in, f"{signed}.{as_part(forged)}")).status == 401
    assert (await refused(sign_in, "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1MSJ9.")).status == 401
    assert (await refused(sign_in, "no token")).status == 401


async def test_given_a_new_key_when_a_token_has_it_then_the_keys_are_fetched_again_but_not_for_every_stranger(
    sign_in: SignIn, issuer: Issuer, clock: Clock
) -> None:
    await sign_in.read(issuer.token())
    issuer.rotate("two")
    strange = ECKey.generate_key("P-256", {"kid": "strange"})
    await refused(sign_in, issuer.token(key=strange))
    asked = len(issuer.asked)

    clock.at += 11
    assert (await sign_in.read(issuer.token())).subject == "u1"
    for _ in range(20):
        await refused(sign_in, issuer.token(key=strange))

    assert len(issuer.asked) == asked + 1


async def test_given_a_key_that_was_taken_back_when_ten_minutes_are_over_then_its_tokens_are_refused(
    sign_in: SignIn, issuer: Issuer, clock: Clock
) -> None:
    old = issuer.keys[0]
    await sign_in.read(issuer.token())
    issuer.rotate("two")

    clock.at += 601

    assert (await refused(sign_in, issuer.token(key=old, exp=int(clock.at) + 300))).status == 401


async def test_given_an_issuer_that_is_away_when_its_keys_are_known_then_people_can_sign_in(
    sign_in: SignIn, issuer: Issuer, clock: Clock
) -> None:
    await sign_in.read(issuer.token())
    issuer.away = True
    clock.at += 601

    assert (await sign_in.read(issuer.token(exp=int(clock.at) + 300, jti="another"))).subject == "u1"


async def test_given_an_issuer_that_was_never_there_when_somebody_signs_in_then_they_are_to_try_again(
    sign_in: SignIn, issuer: Issuer
) -> None:
    issuer.away = True

    problem = await refused(sign_in, issuer.token())

    assert (problem.status, problem.headers["Retry-After"]) == (503, "10")


async def test_given_the_local_issuer_when_its_token_is_read_then_it_is_good_here_and_nowhere_else(
    issuer: Issuer, sign_in: SignIn
) -> None:
    token = issue_locally(SECRET, subject="ani", roles=["officer"], agency="PLN", regions=[], lasts_s=60)
    here = SignIn(OidcSettings(development_secret=SecretStr(SECRET)))

    assert (await here.read(token)).agency == "PLN"
    assert (await refused(sign_in, token)).status == 401
    assert (await refused(here, issuer.token())).status == 401


async def test_given_no_issuer_when_somebody_signs_in_then_nobody_can() -> None:
    assert (await refused(SignIn(OidcSettings()), "a.b.c")).status == 503


def test_given_both_issuers_when_settings_are_read_then_they_are_refused() -> None:
    with pytest.raises(ValidationError, match="together with an issuer"):
        OidcSettings(issuer=ISSUER, development_secret=SecretStr(SECRET))
