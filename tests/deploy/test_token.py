import asyncio
from pathlib import Path

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner, Result

from deploy.cli import app
from deploy.local.development import DESK, ISSUER, development_secrets
from shared.oidc import OidcSettings, SignedIn, SignIn

SECRET = "dev-a-secret-of-the-environment"


def test_given_a_secret_in_the_environment_when_a_token_is_asked_for_then_the_desk_reads_what_was_said(
    tmp_path: Path,
) -> None:
    typed = ["--role", "officer", "--agency", "PUPR-52.03", "--region", "52.03.01", "--region", "52.03.02"]

    result = run(*typed, "--subject", "ani", data=tmp_path, secret=SECRET)

    told = read(result, SECRET)
    assert (told.subject, told.roles, told.agency) == ("ani", ("officer",), "PUPR-52.03")
    assert told.regions == ("52.03.01", "52.03.02")
    assert result.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_given_a_data_folder_when_a_token_is_asked_for_then_its_secret_signs_and_the_name_is_made(
    tmp_path: Path,
) -> None:
    secret = development_secrets(tmp_path)[DESK]

    result = run("--role", "agency_head", "--agency", "PUPR-52.03", data=tmp_path)

    assert read(result, secret).subject == "agency_head-pupr-52-03"


def test_given_a_data_folder_when_the_environment_has_a_secret_too_then_that_one_signs(tmp_path: Path) -> None:
    development_secrets(tmp_path)

    result = run("--role", "coordinator", data=tmp_path, secret=SECRET)

    assert read(result, SECRET).roles == ("coordinator",)


@pytest.mark.parametrize("hours", [1, 24])
def test_given_hours_when_a_token_is_asked_for_then_it_is_good_so_long(tmp_path: Path, hours: int) -> None:
    longer, shorter = (
        read(run("--role", "leader", "--hours", str(number), data=tmp_path, secret=SECRET), SECRET).expires
        for number in (hours + 1, hours)
    )

    assert longer - shorter == pytest.approx(3600, abs=60)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (["--role", "officer"], "The role officer is one in an agency: give --agency."),
        (["--role", "agency_head"], "The role agency_head is one in an agency: give --agency."),
        (["--role", "boss"], "'boss' is not one of 'officer', 'agency_head'"),
        (
            ["--role", "officer", "--agency", "pupr"],
            "--agency takes an id such as PUPR-52.03 or PUPR-PERKIM, not 'pupr'",
        ),
        (["--role", "leader", "--region", "53.01"], "--region takes a Kemendagri code inside NTB, such as 52.03"),
        (["--role", "leader", "--subject", ""], "--subject has 1 to 200 characters"),
        (["--role", "leader", "--hours", "0"], "--hours"),
    ],
)
def test_given_a_person_who_cannot_be_when_a_token_is_asked_for_then_it_is_refused_in_words(
    tmp_path: Path, typed: list[str], words: str
) -> None:
    result = run(*typed, data=tmp_path, secret=SECRET)

    assert (result.exit_code, result.stdout) == (2, "")
    assert words in " ".join(result.stderr.replace("│", " ").split())


def test_given_no_secret_when_a_token_is_asked_for_then_it_says_where_one_comes_from(tmp_path: Path) -> None:
    result = run("--role", "leader", data=tmp_path)

    assert (result.exit_code, result.stdout) == (2, "")
    assert f"neither in {DESK} nor in {tmp_path}, where `ntbcare up` makes one" in " ".join(result.stderr.split())
    assert list(tmp_path.iterdir()) == []


def test_given_an_issuer_when_a_token_is_asked_for_then_none_is_made(tmp_path: Path) -> None:
    development_secrets(tmp_path)

    result = run("--role", "leader", data=tmp_path, secret=SECRET, issuer="https://sso.ntbprov.example")

    assert (result.exit_code, result.stdout) == (2, "")
    assert f"People sign in with https://sso.ntbprov.example ({ISSUER})" in result.stderr


def run(*typed: str, data: Path, secret: str | None = None, issuer: str | None = None) -> Result:
    environment = {"NTBCARE_DATA": str(data), DESK: secret, ISSUER: issuer}
    return CliRunner().invoke(app, ["token", *typed], env=environment)


def read(result: Result, secret: str) -> SignedIn:
    """What the desk makes of the token that was printed."""
    assert result.exit_code == 0, result.output
    sign_in = SignIn(OidcSettings(development_secret=SecretStr(secret)))
    return asyncio.run(sign_in.read(result.stdout.removesuffix("\n")))
