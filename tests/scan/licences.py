"""Licences of all that ships: what the four services need at run time, with all that it needs in turn."""

import re
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import Any, Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

SERVICES: Final = ("intake", "routing", "notification", "reporting")
ALLOWED: Final = frozenset(
    {
        *("MIT", "MIT-0", "MIT-CMU", "HPND", "BSD", "BSD-2-Clause", "BSD-3-Clause", "0BSD", "ISC", "Zlib", "Unlicense"),
        *("Apache-2.0", "PSF-2.0", "Python-2.0", "MPL-2.0", "CC0-1.0", "OFL-1.1", "BSL-1.0"),
    }
)
_SAID: Final = ("apache", "mit", "bsd", "mozilla", "python software", "isc", "zlib", "unlicense", "the unlicense")
"""How older packages begin to say it in words."""
FORBIDDEN: Final = {"pysastrawi": "its list of words is CC BY-NC-SA, whatever its metadata say"}
_EXCEPTION: Final = re.compile(r" WITH [\w.-]+", re.IGNORECASE)
"""It only ever allows more."""


def shipped(name: str = "ntbcare", extras: Iterable[str] = SERVICES) -> dict[str, Distribution]:
    """Installed distributions by name, without the project itself. Raises PackageNotFoundError."""
    found: dict[str, Distribution] = {}
    todo = [(name, tuple(extras))]
    seen = set(todo)
    while todo:
        one, wanted = todo.pop()
        known = distribution(one)
        found[canonicalize_name(one)] = known
        for needed in _needs(known, wanted):
            if needed not in seen:
                seen.add(needed)
                todo.append(needed)
    del found[canonicalize_name(name)]
    return found


def forbidden(distributions: Iterable[Distribution]) -> list[str]:
    """What may not ship, or of which it is not known, with what it says."""
    told = [(one.metadata["Name"], said_by(one)) for one in distributions]
    barred = [f"{name}: {FORBIDDEN[name.lower()]}" for name, _ in told if name.lower() in FORBIDDEN]
    return barred + sorted(f"{name}: {said or 'says nothing'}" for name, said in told if not is_allowed(said))


def is_allowed(said: str) -> bool:
    """Of an SPDX expression: `OR` takes one that is, `AND` all."""
    if not said:
        return False
    plain = _EXCEPTION.sub("", said).replace("(", " ").replace(")", " ")
    return all(any(_is_known(one) for one in part.split(" OR ")) for part in plain.split(" AND "))


def said_by(one: Distribution) -> str:
    """As its metadata have it: the expression, else classifiers, else the first line of the field."""
    told: Any = one.metadata
    if expression := told.get("License-Expression"):
        return expression
    classifiers = [line for line in told.get_all("Classifier") or () if line.startswith("License :: ")]
    names = [line.rpartition(" :: ")[2] for line in classifiers if line != "License :: OSI Approved"]
    return " OR ".join(names) or (told.get("License") or "").strip().partition("\n")[0]


def _is_known(said: str) -> bool:
    word = said.strip()
    if word in ALLOWED:
        return True
    lower = word.lower()
    return "gpl" not in lower and "general public" not in lower and lower.startswith(_SAID)


def _needs(known: Distribution, extras: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for line in known.requires or ():
        needed = Requirement(line)
        if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            try:
                distribution(needed.name)
            except PackageNotFoundError:
                # Of another machine.
                continue
            yield needed.name, tuple(sorted(needed.extras))
