"""From deliveries to a finished mail."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from email.utils import format_datetime, formataddr

from services.notification.domain.addresses import on_the_wire
from services.notification.domain.contacts import Contact
from services.notification.domain.deliveries import Delivery
from services.notification.domain.judging import Ready
from services.notification.forms import Filled, Forms
from services.notification.mime import alternative
from services.notification.outlets import Mail
from services.notification.sayings import Sayings, reference_of
from services.notification.settings import Settings
from shared.directory import Directory


class UnusableAddress(Exception):
    """No mail can be sent to such an address."""


class Letters:
    """Writes mail."""

    def __init__(self, directory: Directory, settings: Settings, forms: Forms | None = None) -> None:
        self._forms = forms or Forms()
        self._sayings = Sayings(directory, settings, self._forms)
        smtp = settings.smtp
        self._from = formataddr((smtp.sender_name, smtp.sender_address))
        self._id_domain = smtp.sender_address.rpartition("@")[2]

    def write(
        self,
        deliveries: Sequence[Delivery],
        contact: Contact,
        ready: Ready,
        links: Mapping[str, str],
        at: datetime,
    ) -> Mail:
        """Several go into one. Raises UnusableAddress."""
        recipient = on_the_wire(ready.address)
        if recipient is None:
            raise UnusableAddress
        filled, stop = self.words(deliveries, contact, ready, links)
        identity = reference_of(deliveries)
        headers = {
            "Date": format_datetime(at),
            "Message-ID": f"<{identity}@{self._id_domain}>",
            "From": self._from,
            "To": recipient,
            "Subject": filled.subject,
            "Auto-Submitted": "auto-generated",
            "Content-Language": ready.language.value,
        }
        headers |= self._thread(deliveries) | _unsubscribing(stop)
        return Mail(recipient, alternative(headers, filled.text, filled.html, boundary=f"=_{identity.hex}"))

    def words(
        self, deliveries: Sequence[Delivery], contact: Contact, ready: Ready, links: Mapping[str, str]
    ) -> tuple[Filled, str]:
        """What the mail says, and the link that ends mail like it; empty where there is none."""
        if len(deliveries) == 1:
            saying = self._sayings.of(deliveries[0], contact, ready.language, links)
            return self._forms.mail(saying), saying.values["stop"]
        context = self._sayings.digest(deliveries, ready.language, links)
        return self._forms.digest(context), context["stop"]

    def _thread(self, deliveries: Sequence[Delivery]) -> dict[str, str]:
        """Nobody ever sent the first mail of the thread: programs group by its id all the same."""
        tickets = {delivery.ticket for delivery in deliveries}
        if len(tickets) > 1 or "" in tickets:
            return {}
        first = f"<{tickets.pop().lower()}@{self._id_domain}>"
        return {"In-Reply-To": first, "References": first}


def _unsubscribing(link: str) -> dict[str, str]:
    """RFC 8058."""
    if not link:
        return {}
    return {"List-Unsubscribe": f"<{link}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
