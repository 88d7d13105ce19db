import stat
from pathlib import Path

from deploy.secret_files import make_secrets
from shared.settings import DEVELOPMENT


def test_given_no_secrets_when_they_are_made_then_each_is_another_and_none_is_for_development(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"

    made = make_secrets(folder)

    values = {name: (folder / name).read_text() for name in made if name != "smtp_password"}
    assert len(set(values.values())) == len(values) == 8
    assert not any(DEVELOPMENT in value for value in values.values())
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_given_secrets_when_one_is_missing_then_it_is_made_and_the_others_stay(tmp_path: Path) -> None:
    make_secrets(tmp_path)
    (tmp_path / "door_secret").unlink()
    before = (tmp_path / "ticket_secret").read_text()

    made = make_secrets(tmp_path)

    assert made == ["door_secret"]
    assert (tmp_path / "ticket_secret").read_text() == before
