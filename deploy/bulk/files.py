"""Files of rows as spreadsheets and programs write them, and the same rows written back with what is wrong."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

LINE, REASON = "line", "reason"
"""Columns that are added to rows that were refused; where they come back they are passed over."""
_DELIMITERS: Final = (",", ";", "\t")
_NAMES_THE_DELIMITER: Final = "sep="


class FileUnreadable(Exception):
    """It can't be read as a file of rows; the text says why."""


@dataclass(frozen=True)
class Row:
    """One row; `line` is where it begins in the file, from 1."""

    line: int
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Table:
    """A whole file."""

    rows: Sequence[Row]
    columns: Sequence[str]
    delimiter: str = ","
    is_lines: bool = False
    """JSON lines."""

    def with_reasons(self, refused: Iterable[tuple[Row, str]]) -> str:
        """The refused rows as they were, with line and reason: to be mended and imported again."""
        if self.is_lines:
            told = ({**row.values, LINE: row.line, REASON: reason} for row, reason in refused)
            return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in told)
        text = io.StringIO()
        columns = [name for name in self.columns if name not in {LINE, REASON}]
        writer = csv.DictWriter(text, [*columns, LINE, REASON], delimiter=self.delimiter, extrasaction="ignore")
        writer.writeheader()
        writer.writerows({**row.values, LINE: row.line, REASON: reason} for row, reason in refused)
        return text.getvalue()


def read_table(path: Path) -> Table:
    """By its ending: `.jsonl`, or `.csv` with commas, semicolons or tabs. Raises FileUnreadable, OSError."""
    text = _decoded(path.read_bytes())
    if path.suffix.lower() in {".jsonl", ".ndjson"}:
        return _read_lines(text)
    if path.suffix.lower() in {".csv", ".tsv", ".txt"}:
        return _read_cells(text)
    raise FileUnreadable(f"{path.name} is neither a .csv nor a .jsonl file.")


def _decoded(content: bytes) -> str:
    """UTF-8 with or without a mark; else as Windows writes it where no other is chosen."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _read_lines(text: str) -> Table:
    rows: list[Row] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            value: Any = json.loads(line)
        except (ValueError, RecursionError):
            raise FileUnreadable(f"Line {number} is not JSON.") from None
        if not isinstance(value, dict):
            raise FileUnreadable(f"Line {number} is not a JSON object.")
        rows.append(Row(number, cast("dict[str, Any]", value)))
    columns = list(dict.fromkeys(name for row in rows for name in row.values))
    return Table(rows, columns, is_lines=True)


def _read_cells(text: str) -> Table:
    before, text = _without_hint(text)
    first = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    columns = [name.strip() for name in next(reader, [])]
    if len(set(columns)) < len(columns) or not any(columns):
        raise FileUnreadable("The first line must name the columns, each once.")
    rows: list[Row] = []
    line = reader.line_num + 1
    for cells in reader:
        if any(cell.strip() for cell in cells):
            if len(cells) > len(columns):
                raise FileUnreadable(f"Line {line + before} has more cells than there are columns.")
            rows.append(Row(line + before, dict(zip(columns, cells, strict=False))))
        line = reader.line_num + 1
    return Table(rows, columns, delimiter)


def _without_hint(text: str) -> tuple[int, str]:
    """Excel likes a first line `sep=;`. Returns how many lines it took."""
    first, _, rest = text.partition("\n")
    return (1, rest) if first.strip().lower().startswith(_NAMES_THE_DELIMITER) else (0, text)
