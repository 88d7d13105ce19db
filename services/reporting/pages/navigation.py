"""Where the public pages lead."""

from typing import Final

PLACES: Final = ("/", "/instansi", "/peta", "/aduan", "/macet", "/pagi", "/data")
"""In the order of the menu."""
WAYS_IN: Final = ("/lapor",)
"""The form for complaints, which is intake's."""
