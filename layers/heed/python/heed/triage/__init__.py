"""What a text says: mood, intent, and what a machine must not touch. Pure: no I/O, no clock."""
