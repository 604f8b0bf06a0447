"""The brand file: read, checked, turned into frozen domain values. Alone here knows pydantic."""

import tomllib
from datetime import date
from decimal import Decimal
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    field_validator,
)

from heed.domain.budget import MICRO, PEOPLE_PERCENT, Limits
from heed.domain.clock import Calendar
from heed.domain.policy import BRAND_HOUR_MAX, CONTACTS_MAX, BrandPolicy
from heed.domain.voice import Contact, Replies, Voice, check_replies, check_voice
from heed.errors import BrandFileError

Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]
ClockTime = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$")]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Mode = Literal["watch", "draft", "live"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AccountModel(_Model):
    """One account of the brand, reached through one connection (the registered app). `marked`: its
    profile says that a machine answers there, and who runs it. `reread_minutes`: how often its list
    on the platform is read again, where there is one; 0 never."""

    platform: Word
    connection: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,30}$")]
    id: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    handle: Annotated[str, StringConstraints(pattern=r"^[^@\s]*$")] = ""
    mode: Mode = "draft"
    marked: bool = False
    reread_minutes: Annotated[int, Field(ge=0, le=1440)] = 15


class ContactModel(_Model):
    """A way to go on with a person. `text` completes "you can also ..."."""

    kind: Literal["message", "email", "phone"]
    text: str
    language: Language = "en"
    platforms: tuple[Word, ...] = ()


class TargetsModel(_Model):
    """Minutes of staffed time until a person's first answer."""

    urgent: Annotated[int, Field(ge=1, le=1440)] = 15
    normal: Annotated[int, Field(ge=1, le=10080)] = 60
    low: Annotated[int, Field(ge=1, le=20160)] = 480


class CapsModel(_Model):
    """How many machine texts one person gets within 24 hours, and the brand sends in an hour."""

    person_per_day: Annotated[int, Field(ge=1, le=100)] = CONTACTS_MAX
    brand_per_hour: Annotated[int, Field(ge=1, le=1_000_000)] = BRAND_HOUR_MAX


class BudgetModel(_Model):
    """What replies on one platform may cost, and which part of every limit is left to people."""

    usd_per_day: Annotated[Decimal, Field(gt=0, le=1_000_000)] | None = None
    usd_per_month: Annotated[Decimal, Field(gt=0, le=1_000_000)] | None = None
    people_percent: Annotated[int, Field(ge=0, le=90)] = PEOPLE_PERCENT


class BrandModel(_Model):
    """One brand of the file."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    languages: Annotated[tuple[Language, ...], Field(min_length=1)] = ("en",)
    zone: str = "UTC"
    hours: dict[Weekday, tuple[ClockTime, ClockTime]]
    holidays: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    rivals: tuple[str, ...] = ()
    press: tuple[str, ...] = ()
    vips: tuple[str, ...] = ()
    bots: tuple[str, ...] = ()
    targets: TargetsModel = TargetsModel()
    caps: CapsModel = CapsModel()
    budgets: dict[Word, BudgetModel] = {}
    contacts: tuple[ContactModel, ...] = ()
    accounts: tuple[AccountModel, ...]

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        if zone not in available_timezones():
            raise ValueError(f"no such time zone; use a name like Europe/Berlin, not {zone!r}")
        return zone

    @field_validator("holidays")
    @classmethod
    def _real_dates(cls, holidays: tuple[str, ...]) -> tuple[str, ...]:
        for day in holidays:
            # fromisoformat also reads other ISO forms, which the calendar would never meet.
            if date.fromisoformat(day).isoformat() != day:
                raise ValueError(f"write the date like 2026-12-25, not {day!r}")
        return holidays


class RepliesModel(_Model):
    """One kind of text in a replies file."""

    variants: tuple[str, ...]


class BrandFile(_Model):
    """The whole file, as people write it."""

    schema_version: Annotated[Literal[1], Field(alias="schema")]
    brands: Annotated[dict[Word, BrandModel], Field(min_length=1)]


class Brands(_Model):
    """The checked file with what the flows need of each brand."""

    model_config = ConfigDict(arbitrary_types_allowed=True, frozen=True, extra="forbid")

    file: BrandFile
    policies: dict[str, BrandPolicy]
    voices: dict[str, Voice]

    @property
    def platforms(self) -> tuple[str, ...]:
        """Platforms that some account uses, sorted."""
        return tuple(sorted({a.platform for b in self.file.brands.values() for a in b.accounts}))

    @property
    def connections(self) -> tuple[tuple[str, str], ...]:
        """(platform, connection) pairs, sorted, each once."""
        pairs = {(a.platform, a.connection) for b in self.file.brands.values() for a in b.accounts}
        return tuple(sorted(pairs))

    @property
    def accounts(self) -> tuple[tuple[str, AccountModel], ...]:
        """(brand id, account) pairs in the order of the file."""
        return tuple((key, a) for key, b in self.file.brands.items() for a in b.accounts)


def load(folder: Traversable | None = None) -> Brands:
    """Read and check brand.toml and replies/<language>.toml.

    `folder` is where they stand; without it the installed package heed_brand is read.
    Raises: BrandFileError with the file, the place in it and what to do.
    """
    folder = folder or resources.files("heed_brand")
    file = _checked(_toml(folder / "brand.toml"))
    _refuse_shared_accounts(file)
    replies: dict[str, Replies] = {}
    for language in sorted({language for b in file.brands.values() for language in b.languages}):
        replies[language] = _replies(folder / "replies" / f"{language}.toml")
    return Brands(
        file=file,
        policies={key: _policy(key, file) for key in file.brands},
        voices={key: _voice(key, brand, replies) for key, brand in file.brands.items()},
    )


def _toml(path: Traversable) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BrandFileError(f"{path.name} is missing: write it, or remove its language") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BrandFileError(f"{path.name}: {error}") from error


def _checked(raw: dict[str, object]) -> BrandFile:
    try:
        return BrandFile.model_validate(raw)
    except ValidationError as error:
        raise BrandFileError(f"brand.toml: {_first(error)}") from error


def _refuse_shared_accounts(file: BrandFile) -> None:
    seen: dict[tuple[str, str], str] = {}
    for key, brand in file.brands.items():
        for account in brand.accounts:
            other = seen.get((account.platform, account.id))
            if other is not None:
                raise BrandFileError(
                    f"brand.toml: {account.platform} account {account.id} stands twice"
                    f" ({other}, {key}); an account belongs to one brand and one connection"
                )
            seen[account.platform, account.id] = key


def _replies(path: Traversable) -> Replies:
    raw = _toml(path)
    marker = raw.pop("marker", None)
    if not isinstance(marker, str):
        raise BrandFileError(f"{path.name}: marker is missing, or no text")
    try:
        tables = TypeAdapter(dict[str, RepliesModel]).validate_python(raw)
    except ValidationError as error:
        raise BrandFileError(f"{path.name}: {_first(error)}") from error
    replies = Replies(marker, {kind: table.variants for kind, table in tables.items()})
    if faults := check_replies(replies):
        raise BrandFileError(f"{path.name}: {faults[0]}")
    return replies


def _first(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"


def _policy(key: str, file: BrandFile) -> BrandPolicy:
    brand = file.brands[key]
    others = (b for name, b in file.brands.items() if name != key)
    calendar = Calendar(
        zone=ZoneInfo(brand.zone),
        hours=tuple(_minutes(brand.hours.get(day)) for day in WEEKDAYS),
        holidays=frozenset(brand.holidays),
    )
    return BrandPolicy(
        brand=key,
        name=brand.name,
        languages=brand.languages,
        calendar=calendar,
        target_minutes={
            "urgent": brand.targets.urgent,
            "normal": brand.targets.normal,
            "low": brand.targets.low,
        },
        handles=tuple(a.handle.lower() for a in brand.accounts if a.handle),
        rivals=_plain(brand.rivals),
        press=_plain(brand.press),
        modes={(a.platform, a.id): a.mode for a in brand.accounts},
        bots=frozenset(_plain(brand.bots)),
        siblings=frozenset((a.platform, a.id) for b in others for a in b.accounts),
        unmarked=frozenset((a.platform, a.id) for a in brand.accounts if not a.marked),
        contacts_max=brand.caps.person_per_day,
        hour_max=brand.caps.brand_per_hour,
        budgets={platform: _limits(budget) for platform, budget in brand.budgets.items()},
    )


def _plain(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.lower().lstrip("@") for name in names)


def _limits(budget: BudgetModel) -> Limits:
    day, month = (
        None if usd is None else int(usd * MICRO)
        for usd in (budget.usd_per_day, budget.usd_per_month)
    )
    return Limits(day, month, budget.people_percent)


def _minutes(span: tuple[str, str] | None) -> tuple[int, int] | None:
    if span is None:
        return None
    start, end = (int(t[:2]) * 60 + int(t[3:]) for t in span)
    if start >= end:
        raise BrandFileError(f"brand.toml: hours {span[0]} to {span[1]} end before they start")
    return start, end


def _voice(key: str, brand: BrandModel, replies: dict[str, Replies]) -> Voice:
    voice = Voice(
        brand_name=brand.name,
        replies={language: replies[language] for language in brand.languages},
        contacts=tuple(
            Contact(kind=c.kind, text=c.text, language=c.language, platforms=c.platforms)
            for c in brand.contacts
        ),
    )
    platforms = tuple(sorted({account.platform for account in brand.accounts}))
    if faults := check_voice(voice, platforms=platforms, agents=brand.agents):
        raise BrandFileError(f"brand.toml: brands.{key}: {faults[0]}")
    return voice
