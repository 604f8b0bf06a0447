"""What X limits and what it charges. Numbers only; what is done with them stands in x_calls.py."""

import re
from dataclasses import dataclass

from infra.local.twins.limits import Limit

ID = re.compile(r"[0-9]{1,19}")
MINUTES_15_S = 900
HOURS_3_S = 10_800
DAY_S = 86_400

PRICE_POST = 15_000
PRICE_POST_WITH_URL = 200_000
PRICE_SUMMONED_REPLY = 10_000
PRICE_DM = 15_000
PRICE_POST_EVENT = 5_000
PRICE_DM_EVENT = 10_000
PRICE_OWN_READ = 1_000
"""Prices in micro-dollars, from PRICE_POST on.

Source: "Pricing" and changelog of 2026-04-20 (docs.x.com, read 2026-11-22).
"""


@dataclass(frozen=True, slots=True)
class XRules:
    """What X enforces; times in seconds, prices and credit in micro-dollars.

    Where two pages of the vendor name different limits, both bind here.

    Source: "Rate limits", "Manage posts: integration guide", changelog of 2026-02-23 and
    2026-04-20 (docs.x.com, read 2026-11-22). How long a text counts as a duplicate is not
    published, and neither are the lag of look-ups and the length of a direct message.
    """

    self_serve: bool = True
    text_weight_max: int = 280
    dm_characters_max: int = 10_000
    cashtags_max: int = 1
    duplicate_window_s: int = DAY_S
    lookup_lag_s: float = 0.0
    credit_micro_usd: int | None = None
    post_limits: tuple[Limit, ...] = (
        Limit("post-15m", 100, MINUTES_15_S),
        Limit("post-3h", 300, HOURS_3_S),
    )
    post_app_limits: tuple[Limit, ...] = (Limit("post-24h", 10_000, DAY_S),)
    dm_limits: tuple[Limit, ...] = (
        Limit("dm-15m", 15, MINUTES_15_S),
        Limit("dm-24h", 1_440, DAY_S),
    )
    lookup_limits: tuple[Limit, ...] = (Limit("lookup-15m", 900, MINUTES_15_S),)
    mention_limits: tuple[Limit, ...] = (Limit("mentions-15m", 300, MINUTES_15_S),)
    delete_limits: tuple[Limit, ...] = (Limit("delete-15m", 50, MINUTES_15_S),)
