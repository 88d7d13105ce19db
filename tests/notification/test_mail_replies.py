"""Refusals as servers word them: whose matter each is, and whether it is for good."""

import pytest

from services.notification.domain.mail_replies import Refusal, read_refusal

OURS = Refusal(for_good=False, may_be_of_everybody=True)
THEIRS = Refusal(for_good=True, may_be_of_everybody=False)
LATER = Refusal(for_good=False, may_be_of_everybody=False)


@pytest.mark.parametrize(
    ("code", "said", "refusal"),
    [
        # Postfix, which says most of it when a recipient is named.
        (554, "5.7.1 <siti@example.id>: Relay access denied", OURS),
        (554, "5.7.1 <mail.care.example[192.0.2.1]>: Client host rejected: Access denied", OURS),
        (553, "5.7.1 <no-reply@care.example>: Sender address rejected: not logged in", OURS),
        (530, "5.7.0 Must issue a STARTTLS command first", OURS),
        (550, "5.1.8 <no-reply@care.example>: Sender address rejected: Domain not found", OURS),
        (504, "5.5.2 <care>: Helo command rejected: need fully-qualified hostname", OURS),
        (535, "5.7.8 Error: authentication failed", OURS),
        # Exchange, Gmail and others by enhanced codes of two and three digits.
        (550, "5.7.54 SMTP; Unable to relay recipient in non-accepted domain", OURS),
        (550, "5.7.26 Unauthenticated email is not accepted due to domain's DMARC policy.\n5.7.26 Read on", OURS),
        (550, "5.7.606 Access denied, banned sending IP [192.0.2.1]", OURS),
        (554, "5.3.2 System not accepting network messages", OURS),
        # Without an enhanced code.
        (550, "relay not permitted", OURS),
        (553, "sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", OURS),
        (530, "Authentication required", OURS),
        (503, "Bad sequence of commands", OURS),
        # The one recipient, or the one message.
        (550, "5.1.1 no such user", THEIRS),
        (550, "5.1.1 <relay@example.id>: Recipient address rejected: relay is no user", THEIRS),
        (550, "no such user relay@example.id", THEIRS),
        (550, "5.5.0 Requested action not taken: mailbox unavailable", THEIRS),
        (550, "5.7.133 sender not authenticated for this group", THEIRS),
        (551, "5.7.17 mailbox owner has changed", THEIRS),
        (552, "5.2.2 mailbox full", THEIRS),
        (552, "5.3.4 message too big", THEIRS),
        (501, "5.1.3 Bad recipient address syntax", THEIRS),
        (450, "4.2.0 greylisted", LATER),
        (451, "4.7.1 try again later", LATER),
        (421, "4.7.0 too many connections", OURS),
        (452, "4.3.1 no room", OURS),
    ],
)
def test_given_a_refusal_when_read_then_only_what_is_about_the_one_recipient_is_for_good(
    code: int, said: str, refusal: Refusal
) -> None:
    assert read_refusal(code, said, of_content=False) == refusal


@pytest.mark.parametrize(
    ("code", "said", "refusal"),
    [
        (451, "4.3.0 not now", OURS),
        (554, "looks like spam", THEIRS),
        (550, "5.6.1 media not supported", THEIRS),
        (550, "5.7.1 message refused by a rule", OURS),
    ],
)
def test_given_a_refusal_of_a_whole_mail_when_read_then_what_the_next_may_hear_too_is_not_for_good(
    code: int, said: str, refusal: Refusal
) -> None:
    assert read_refusal(code, said, of_content=True) == refusal
