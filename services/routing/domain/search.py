"""Words by which a case is found: plain, the same when they are stored and when they are looked for."""

import re
import unicodedata
from typing import Final

_WORD: Final = re.compile(r"[a-z0-9]{3,30}")
_MOST: Final = 200


def words_of(text: str) -> list[str]:
    """Without accents and capitals, each once, at most 200; shorter ones than three letters find nothing."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().casefold()
    return list(dict.fromkeys(_WORD.findall(plain)))[:_MOST]
