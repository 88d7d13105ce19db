"""Whatever is posted as a photo, the answer says what is wrong with it."""

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.intake.images import a_photo
from tests.intake.posting import OFFICER, an_app, client_of

APP = an_app("memory:///")


def damaged(photo: bytes, at: int, patch: bytes) -> bytes:
    at %= len(photo)
    return photo[:at] + patch + photo[at + len(patch) :]


GOOD = st.sampled_from([a_photo(kind) for kind in ("JPEG", "PNG", "WEBP")])
DAMAGED = st.builds(damaged, GOOD, st.integers(0, 2_000), st.binary(min_size=1, max_size=8))


async def status_of(**request: Any) -> int:
    async with client_of(APP) as intake:
        return (await intake.post("/v1/photos", **request)).status_code


@given(st.one_of(st.binary(), DAMAGED))
@settings(deadline=None, max_examples=300)
def test_given_any_bytes_when_they_are_posted_as_a_photo_then_nothing_breaks(content: bytes) -> None:
    status = asyncio.run(status_of(files={"photo": content}, headers=OFFICER))

    assert status in {201, 415, 422}


@given(st.binary(), st.text("ab=;\"' \\", max_size=6))
@settings(deadline=None)
def test_given_any_bytes_when_they_are_posted_as_a_form_then_nothing_breaks(content: bytes, boundary: str) -> None:
    headers = OFFICER | {"Content-Type": f"multipart/form-data; boundary={boundary}"}

    assert asyncio.run(status_of(content=content, headers=headers)) in {400, 422}
