"""A browser without scripts: it knows the fields of one form, fills them in and presses its buttons."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import httpx2


@dataclass
class Page(HTMLParser):
    """What was answered, as somebody without scripts has it."""

    status: int
    html: str
    fields: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    buttons: list[str] = field(default_factory=list[str])
    options: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    described: dict[str, str] = field(default_factory=dict[str, str])
    words: str = ""

    def __post_init__(self) -> None:
        super().__init__()
        self._inside = list[str]()
        self._select = ""
        self._textarea = ""
        self._error = ""
        self.errors = dict[str, str]()
        self.feed(self.html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag in {"template", "style", "script"}:
            self._inside.append(tag)
        if self._inside:
            return
        self._read(tag, told)

    def _read(self, tag: str, told: dict[str, str]) -> None:
        name, kind = told.get("name", ""), told.get("type", "text")
        if tag == "input" and kind not in {"file", "submit"}:
            if kind not in {"checkbox", "radio"} or ("checked" in told and "disabled" not in told):
                self.fields.setdefault(name, []).append(told.get("value", ""))
        elif tag == "select":
            self._select = name
            self.fields[name] = [""]
        elif tag == "option":
            self.options.setdefault(self._select, []).append(told.get("value", ""))
            if "selected" in told:
                self.fields[self._select] = [told.get("value", "")]
        elif tag == "textarea":
            self._textarea, self.fields[name] = name, [""]
        elif tag == "button" and name == "go":
            self.buttons.append(told.get("value", ""))
        elif tag == "p" and told.get("class") == "error":
            self._error = told["id"].removesuffix("-error")

    def handle_endtag(self, tag: str) -> None:
        if self._inside and tag == self._inside[-1]:
            self._inside.pop()
        self._textarea = "" if tag == "textarea" else self._textarea
        self._error = "" if tag == "p" else self._error

    def handle_data(self, data: str) -> None:
        if self._inside:
            return
        self.words += data
        if self._textarea:
            self.fields[self._textarea][0] += data
        if self._error:
            self.errors[self._error] = self.errors.get(self._error, "") + data

    def text_of(self, element: str) -> str:
        """Of the element with this id, whose text is all that it holds."""
        return self.html.partition(f'id="{element}">')[2].partition("<")[0]


@dataclass
class PlainBrowser:
    """Somebody with such a browser."""

    http: httpx2.AsyncClient
    page: Page = field(default_factory=lambda: Page(0, ""))
    language: str = "id"
    home: str = "/lapor"

    async def open(self, path: str | None = None) -> Page:
        answer = await self.http.get(path or self.home, headers={"Accept-Language": self.language})
        return self.see(answer)

    async def press(self, go: str, *files: bytes, **filled: str) -> Page:
        """Fill in fields, of which dots are written `__`, choose files, and press a button of the page."""
        assert go in self.page.buttons, f"{go} is not among {self.page.buttons}"
        sent: dict[str, Any] = {name: list(some) for name, some in self.page.fields.items()}
        for name, value in filled.items():
            assert name in self.page.fields or name in {"anonymous", "confidential"} or "__" in name, name
            sent[name.replace("__", ".")] = value
        return await self.send(sent | {"go": go}, *files)

    async def send(self, sent: dict[str, Any], *files: bytes, **headers: str) -> Page:
        parts = [("photo", ("gambar.jpg", file)) for file in files] or [("photo", ("", b""))]
        told = {"Accept-Language": self.language, **headers}
        return self.see(await self.http.post(self.home, data=sent, files=parts, headers=told))

    def see(self, answer: httpx2.Response) -> Page:
        self.page = Page(answer.status_code, answer.text)
        return self.page
