"""Where the public pages lead."""

from typing import Final

PLACES: Final = ("/", "/instansi", "/peta", "/aduan", "/macet", "/pagi", "/data")
"""In the order of the menu."""
WAYS_IN: Final = ("/lapor", "/lacak")
"""The form for complaints, which is intake's, and the page that follows one."""
