"""The one error of the command line: a sentence that says what to do."""


class CommandError(Exception):
    """What was asked for cannot be done as asked."""
