"""What is looked for in files: as it was said, as JSON writes it, and over the borders of what is read at once."""

from pathlib import Path

import pytest

from deploy.proof import Known, Places, holds, look

TEXT = 'Rumah "Melati" di Jl. Sunan\nGg. 3, Mataram — dekat masjid'


@pytest.mark.parametrize("written", [TEXT, r"Rumah \"Melati\" di Jl. Sunan\nGg. 3, Mataram — dekat masjid"])
async def test_given_a_text_in_a_segment_when_it_is_looked_for_then_the_file_is_named(
    tmp_path: Path, written: str
) -> None:
    place = tmp_path / "ntbcare.personal-0"
    place.mkdir()
    (place / "0.log").write_bytes(b"\0\1head" + written.encode() + b"tail")
    (place / "1.log").write_bytes(b"something else")

    [looked] = await look(Known(values={TEXT}), Places(kafka=(tmp_path,)))

    assert (looked.looked_at, looked.found) == ("2 files", (str(place / "0.log"),))


async def test_given_what_compaction_left_when_it_is_looked_for_then_renamed_files_count_too(tmp_path: Path) -> None:
    (tmp_path / "0.log.deleted").write_bytes(TEXT.encode())

    [looked] = await look(Known(values={TEXT}), Places(kafka=(tmp_path,)))

    assert len(looked.found) == 1


@pytest.mark.parametrize("before", range(0, 40, 3))
def test_given_a_text_over_the_border_of_two_chunks_when_it_is_looked_for_then_it_is_found(
    tmp_path: Path, before: int
) -> None:
    file = tmp_path / "x.log"
    file.write_bytes(b"." * before + b"nurhayati" + b"." * 50)

    assert holds(file, [b"nurhayati", b"a longer word than that"], at_once=16)
    assert not holds(file, [b"hayatin"], at_once=16)


async def test_given_photos_and_logs_when_they_are_looked_through_then_names_of_photos_and_words_in_logs_count(
    tmp_path: Path,
) -> None:
    (tmp_path / "blobs" / "photos").mkdir(parents=True)
    (tmp_path / "blobs" / "photos" / f"{'a' * 32}.jpg").write_bytes(b"x")
    (tmp_path / "blobs" / "photos" / f"{'b' * 32}.jpg").write_bytes(b"x")
    (tmp_path / "ntbcare.log").write_text("an officer telephoned +6281987654321")
    places = Places(blobs=(tmp_path / "blobs",), logs=(tmp_path / "ntbcare.log", tmp_path / "is-not-there.log"))

    photos, logs = await look(Known({"+6281987654321", "Ani"}, {"a" * 32}), places)

    assert [Path(one).stem for one in photos.found] == ["a" * 32]
    assert logs.found == (str(tmp_path / "ntbcare.log"),)


async def test_given_a_redacted_copy_that_is_left_when_photos_are_looked_through_then_its_mark_tells(
    tmp_path: Path,
) -> None:
    for original in ("a" * 32, "b" * 32):
        (tmp_path / "copies" / original).mkdir(parents=True)
        (tmp_path / "copies" / original / ("c" * 32)).touch()

    [photos] = await look(Known(set(), {"a" * 32}), Places(blobs=(tmp_path,)))

    assert photos.found == (str(tmp_path / "copies" / ("a" * 32) / ("c" * 32)),)


def test_given_short_words_when_they_would_be_looked_for_then_they_are_left_out_for_they_are_everywhere() -> None:
    assert Known({"Ani", "Siti"}).wanted == [b"Siti"]
