"""Budgets without a limit, for worlds in which nothing is counted."""

from heed.domain.budget import Shortage, Spend
from heed.ports import Leaving, Recent


class Unlimited:
    """`heed.ports.Budgets` that allows everything and remembers nothing."""

    def take(self, spend: Spend, leaving: Leaving) -> Shortage | None:
        """Allow it."""
        del spend, leaving
        return None

    def recent(self, brand: str, leaving: Leaving) -> Recent:
        """Know nothing."""
        del brand, leaving
        return Recent()

    def note(self, brand: str, leaving: Leaving) -> None:
        """Forget it."""
