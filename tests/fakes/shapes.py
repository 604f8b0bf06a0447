"""The forms that cross the border between the stand-ins and the code under test."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Literal

AttributeValue = dict[str, Any]
Item = dict[str, AttributeValue]
Values = dict[str, AttributeValue]
Scalar = str | bytes | int | Decimal
Request = dict[str, Any]
Answer = dict[str, Any]

Phase = Literal["before", "after"]
Clock = Callable[[], int]
# Arguments: service, operation in snake case, phase. What it raises travels to the caller.
CallHook = Callable[[str, str, Phase], None]
# (operation, key): the key is the item's, or what else the call is about.
Call = tuple[str, tuple[Any, ...]]
