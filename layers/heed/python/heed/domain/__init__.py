"""What Heed knows about mentions, conversations and cases. Pure: no clock, no I/O, no vendor."""
