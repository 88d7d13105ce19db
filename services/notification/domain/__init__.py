"""What to send, to whom and when: pure decisions."""
