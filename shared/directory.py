"""The directory in memory: who and what there is, as `ntbcare.directory` says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from shared.events.directory import (
    Agency,
    Calendar,
    Category,
    Client,
    DirectoryRecorded,
    Door,
    Entry,
    Officer,
    Region,
    Rule,
    Template,
)
from shared.events.standards import Standard

_OPEN: Final = Door()


@dataclass
class Directory:
    """What is known now, by id."""

    agencies: dict[str, Agency] = field(default_factory=dict[str, Agency])
    categories: dict[str, Category] = field(default_factory=dict[str, Category])
    regions: dict[str, Region] = field(default_factory=dict[str, Region])
    rules: dict[str, Rule] = field(default_factory=dict[str, Rule])
    calendars: dict[str, Calendar] = field(default_factory=dict[str, Calendar])
    standards: dict[str, Standard] = field(default_factory=dict[str, Standard])
    clients: dict[str, Client] = field(default_factory=dict[str, Client])
    officers: dict[str, Officer] = field(default_factory=dict[str, Officer])
    templates: dict[str, Template] = field(default_factory=dict[str, Template])
    doors: dict[str, Door] = field(default_factory=dict[str, Door])
    revisions: dict[str, int] = field(default_factory=dict[str, int])
    """The highest of every record, by key."""
    on_topic: dict[str, int] = field(default_factory=dict[str, int])
    """The newest on the topic: lower than the highest where a slow replica published late, 0 where nobody knows it."""

    def apply(self, key: str, recorded: DirectoryRecorded | None) -> None:
        """Take in one record; an older revision than the known one changes nothing, None removes."""
        kind, _, entry_id = key.partition(":")
        if recorded is None:
            self.entries(kind).pop(entry_id, None)
            self.revisions.pop(key, None)
            self.on_topic.pop(key, None)
            return
        self.on_topic[key] = recorded.revision
        if recorded.revision >= self.revisions.get(key, 0):
            self.entries(kind)[entry_id] = recorded.entry
            self.revisions[key] = recorded.revision

    def refuse(self, key: str) -> None:
        """Keep what is known, but the topic has lost it: compaction leaves the newest record alone."""
        self.on_topic[key] = 0

    def entries(self, kind: str) -> dict[str, Any]:
        """Of one kind, by id."""
        known: Mapping[str, dict[str, Any]] = {
            "agency": self.agencies,
            "category": self.categories,
            "region": self.regions,
            "rule": self.rules,
            "calendar": self.calendars,
            "standard": self.standards,
            "client": self.clients,
            "officer": self.officers,
            "template": self.templates,
            "door": self.doors,
        }
        return known.get(kind, {})

    @property
    def door(self) -> Door:
        """How complaints are let in just now; open as usual where nobody ever said otherwise."""
        return self.doors.get("province", _OPEN)

    def categories_on(self, day: date) -> list[Category]:
        return [category for category in self.categories.values() if category.valid_on(day)]

    @classmethod
    def of(cls, *entries: Entry) -> "Directory":
        """A directory that holds just these, at revision 1."""
        directory = cls()
        for entry in entries:
            directory.entries(entry.kind)[entry.id] = entry
            directory.revisions[f"{entry.kind}:{entry.id}"] = 1
        return directory


SENSITIVE: Final = ("social.", "health.nutrition")
"""Beginnings of categories that are about a person's own need or harm."""


def is_sensitive(category: str, categories: Mapping[str, Category]) -> bool:
    """Whether it may name a household: also every category that forces a switch on."""
    known = categories.get(category)
    return category.startswith(SENSITIVE) or (known is not None and (known.confidential or known.anonymous))


def related_bodies(agencies: Mapping[str, Agency], about: str | None) -> frozenset[str]:
    """The body, those it came from and became, and all that stand below one of them.

    A complaint about a body is invisible to the people of all of these.
    """
    found, todo = set[str](), [about] if about else []
    while todo:
        body = todo.pop()
        if body not in found:
            found.add(body)
            known = agencies.get(body)
            todo += [known.successor] if known and known.successor else []
            todo += [other.id for other in agencies.values() if body in {other.successor, other.parent}]
    return frozenset(found)
