"""Where the public pages lead."""

from typing import Final

PLACES: Final = ("/", "/instansi", "/peta", "/aduan", "/macet", "/pagi", "/data")
"""In the order of the menu."""
WAYS_IN: Final = ("/lapor", "/lacak")
"""The form for complaints and the page that follows one."""
WAYS_IN_ARE_THERE: Final = False
"""Whether this release has them: they are linked from everywhere or from nowhere."""


def ways_in() -> tuple[str, ...]:
    return WAYS_IN if WAYS_IN_ARE_THERE else ()
