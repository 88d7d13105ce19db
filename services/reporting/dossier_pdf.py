"""The file for the Ombudsman as it is printed."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import Final

from services.reporting.domain.dossier import Dossier
from services.reporting.printing import Sheet
from shared.wita import in_full_words

TEMPLATE: Final = "dossier.typ"


def sheet_of(dossier: Dossier) -> Sheet:
    return Sheet(TEMPLATE, to_json(dossier), dossier.made_at)


def to_json(dossier: Dossier) -> str:
    """Times are in words."""

    def worded(value: object) -> str:
        if isinstance(value, datetime):
            return in_full_words(value, dossier.language)
        raise TypeError(type(value).__name__)

    return json.dumps(asdict(dossier), default=worded)
