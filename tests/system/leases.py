"""Notification with short leases: what a killed process had in hand is taken over within seconds."""

from typing import Final

WAYS: Final = ("SMTP", "SMS", "WHATSAPP", "HOOKS")
SHORT_LEASE: Final = {
    "NOTIFICATION_SENDING__LEASE": "PT10S",
    "NOTIFICATION_SENDING__LOOK_EVERY": "PT1S",
    # A lease lasts at least four times as long as a message may take, on whatever channel, and the server's answer.
    "NOTIFICATION_SMTP__ANSWER_S": "2",
    **{f"NOTIFICATION_{way}__TIMEOUT_S": "2" for way in WAYS},
    **{f"NOTIFICATION_{way}__FIRST_DELAY": "PT1S" for way in WAYS},
}
