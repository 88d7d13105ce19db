"""From a delivery to a finished message."""

from datetime import datetime
from email.utils import format_datetime, formataddr
from typing import Final

from services.notification.domain.addresses import on_the_wire
from services.notification.domain.contacts import Contact, Person
from services.notification.domain.deliveries import Delivery
from services.notification.forms import Forms
from services.notification.mailer import Mail
from services.notification.mime import alternative, one_line
from services.notification.settings import Settings
from shared.directory import Directory
from shared.events.case import PromiseKind
from shared.events.directory import Label
from shared.events.event import Language
from shared.events.notices import Recipient
from shared.wita import in_words

_LONGEST_NAME: Final = 100


class NoAddress(Exception):
    """Whom it is for has none."""


class UnusableAddress(Exception):
    """No mail can be sent to such an address."""


class Letters:
    """Writes messages. What a category or an agency is called comes from the directory as it is now."""

    def __init__(self, directory: Directory, settings: Settings) -> None:
        self._directory = directory
        self._settings = settings
        self._forms = Forms()
        smtp = settings.smtp
        self._from = formataddr((smtp.sender_name, smtp.sender_address))
        self._id_domain = smtp.sender_address.rpartition("@")[2]

    def write(self, delivery: Delivery, contact: Contact, at: datetime) -> Mail:
        """Raises NoAddress or UnusableAddress."""
        recipient, language = self._addressee(delivery, contact.reporter)
        choices, values = self._sayings(delivery, contact, language)
        name = "confidential" if delivery.facts.confidential else delivery.kind.value
        filled = self._forms.form(name, choices, values).fill(values)
        headers = {
            "Date": format_datetime(at),
            "Message-ID": f"<{delivery.id}@{self._id_domain}>",
            "From": self._from,
            "To": recipient,
            "Subject": filled.subject,
            "Auto-Submitted": "auto-generated",
            "Content-Language": language.value,
        }
        return Mail(recipient, alternative(headers, filled.text, filled.html, boundary=f"=_{delivery.id.hex}"))

    def _addressee(self, delivery: Delivery, reporter: Person | None) -> tuple[str, Language]:
        if delivery.recipient is Recipient.REPORTER:
            address, language = (reporter.email, reporter.language) if reporter else (None, Language.INDONESIAN)
        else:
            agency = self._directory.agencies.get(delivery.agency or "")
            address, language = (agency.email if agency else None), self._settings.agency_language
        if not address:
            raise NoAddress
        wire = on_the_wire(address)
        if wire is None:
            raise UnusableAddress
        return wire, language

    def _sayings(
        self, delivery: Delivery, contact: Contact, language: Language
    ) -> tuple[dict[str, str], dict[str, str]]:
        """What templates may choose by and say. Of a confidential case that is the ticket and the link."""
        settings, facts = self._settings, delivery.facts
        path = settings.agency_path if delivery.recipient is Recipient.AGENCY else settings.reporter_path
        link = settings.public_url.rstrip("/") + path.format(ticket=delivery.ticket)
        least = {"ticket": delivery.ticket, "link": link}
        if facts.confidential:
            return {"language": language.value}, least
        anonymous = "yes" if facts.anonymous else ""
        choices = {"language": language.value, "urgency": facts.urgency.value, "anonymous": anonymous}
        return choices, least | self._details(delivery, contact, language)

    def _details(self, delivery: Delivery, contact: Contact, language: Language) -> dict[str, str]:
        facts = delivery.facts
        category = self._directory.categories.get(facts.category)
        agency = self._directory.agencies.get(delivery.agency or "")
        reporter = contact.reporter if delivery.names_reporter else None
        due = {due.kind: in_words(due.at, language) for due in facts.due}
        return {
            "category": _label(category.name if category else None, language, facts.category),
            "region": self._region(facts.region),
            "agency": _label(agency.name if agency else None, language, delivery.agency or ""),
            "received_at": in_words(facts.received_at, language),
            "reporter": one_line(reporter.name or "")[:_LONGEST_NAME] if reporter else "",
            "words": contact.words.get(delivery.words, "") if delivery.words else "",
        } | {f"{kind}_due": due.get(kind, "") for kind in PromiseKind}

    def _region(self, code: str | None) -> str:
        """`Masbagik Utara, Masbagik, Lombok Timur`: from the finest known to the regency."""
        known: list[str] = []
        while code and code.count(".") > 0:
            region = self._directory.regions.get(code)
            known += [region.name] if region else []
            code = code.rpartition(".")[0]
        return ", ".join(known)


def _label(label: Label | None, language: Language, otherwise: str) -> str:
    return label.in_language(language) if label else otherwise
