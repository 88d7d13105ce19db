"""What mails say, read as a mail program reads them."""

from email import message_from_bytes, policy
from email.message import EmailMessage

from services.notification.domain.contacts import Contact
from services.notification.domain.deliveries import Delivery
from services.notification.domain.judging import Ready
from services.notification.forms import Forms
from services.notification.letters import Letters
from shared.events.event import Language
from shared.events.notices import Channel
from tests.notification.examples import (
    AT,
    REPORTER_ADDRESS,
    a_contact,
    a_directory,
    settings,
)

FORMS = Forms()
STOP, CONFIRM = "https://care.example/l/stop", "https://care.example/l/confirm"


def letters(**fields: object) -> Letters:
    return Letters(a_directory(), settings(**fields), FORMS)


def ready(address: str = REPORTER_ADDRESS, language: Language = Language.INDONESIAN) -> Ready:
    return Ready(Channel.EMAIL, address, language, AT)


def parsed(content: bytes) -> EmailMessage:
    return message_from_bytes(content, policy=policy.default)


def written(
    *deliveries: Delivery,
    contact: Contact | None = None,
    language: Language = Language.INDONESIAN,
    links: dict[str, str] | None = None,
    **fields: object,
) -> EmailMessage:
    to = ready(language=language)
    return parsed(letters(**fields).write(deliveries, contact or a_contact(), to, links or {}, AT).content)


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return part.get_content().replace("\r\n", "\n")
