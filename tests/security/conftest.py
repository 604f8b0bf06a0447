"""What every check has: a log of its own."""

from tests.functions.conftest import _fresh_log

__all__ = ["_fresh_log"]
