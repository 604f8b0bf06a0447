"""What Telegram allows and limits: clauses and windows, each with its source.

The Bot API in the form in which python-telegram-bot/python-telegram-bot has it."""

from heed.domain.budget import Prices, Rate
from heed.domain.clauses import Clause
from heed.domain.mention import Mention

_READ_ON = "2026-11-22"
_BOT_API = 'core.telegram.org, "Bot API", as python-telegram-bot src/telegram/'

POLICY: tuple[Clause, ...] = (
    Clause(
        "opt_out",
        "Who blocks the bot, or removes it from a group, is not written to again (403).",
        f"{_BOT_API}error.py has it",
        _READ_ON,
    ),
    Clause(
        "rate_budget",
        "20 messages a minute in a group, 1 a second in a chat.",
        f"{_BOT_API}constants.py has it",
        _READ_ON,
    ),
    Clause(
        "too_long",
        "A message holds 4,096 characters at most, counted in UTF-16 units.",
        f"{_BOT_API}constants.py has it",
        _READ_ON,
    ),
    Clause(
        "automated_author",
        "A message tells by is_bot that another bot wrote it.",
        f"{_BOT_API}_update.py has it",
        _READ_ON,
    ),
    Clause(
        "once",
        "A message carries no key that would make a repeat harmless: it is sent once.",
        f"{_BOT_API}_bot.py has it",
        _READ_ON,
    ),
)


def _chat(mention: Mention) -> str:
    # An object id is the chat and the number of the message in it.
    return mention.object_id.rpartition(":")[0]


# What one chat gets in private is limited by the machine's own cap per person.
RATES: tuple[Rate, ...] = (Rate(60, 20, "public", _chat),)
PRICES = Prices()
