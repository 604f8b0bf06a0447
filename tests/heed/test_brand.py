from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from heed import brand
from heed.domain.budget import Limits
from heed.domain.voice import Contact
from heed.errors import BrandFileError

BRAND = """
schema = 1

[brands.acme]
name = "Acme"
languages = ["en"]
zone = "Europe/London"
hours = { mon = ["08:00", "20:00"], sun = ["00:00", "24:00"] }
holidays = ["2026-12-25"]
agents = ["Ana"]
rivals = ["@FlyOther"]
press = ["@ThePost", "herald"]
targets = { urgent = 10 }

[[brands.acme.accounts]]
platform = "x"
connection = "main"
id = "1"
handle = "AcmeAir"
mode = "live"

[[brands.acme.contacts]]
kind = "message"
text = "send us a direct message"
platforms = ["x"]

[brands.bolt]
name = "Bolt"
hours = {}

[[brands.bolt.accounts]]
platform = "telegram"
connection = "second"
id = "2"
"""
REPLIES = """
marker = "(automatic reply)"

[neutral]
variants = ["{hello}, we read you.", "{hello}, it is here.", "{hello}, {brand} has it."]

[apology]
variants = ["{hello}, sorry for that.", "{hello}, we are sorry.", "{hello}, we apologise."]
"""


def written(folder: Path, file: str = BRAND, replies: str = REPLIES) -> Path:
    (folder / "replies").mkdir()
    (folder / "brand.toml").write_text(file, encoding="utf-8")
    (folder / "replies/en.toml").write_text(replies, encoding="utf-8")
    return folder


def refused(folder: Path, file: str = BRAND, replies: str = REPLIES) -> str:
    with pytest.raises(BrandFileError) as error:
        brand.load(written(folder, file, replies))
    return str(error.value)


def test_the_file_that_ships_is_good() -> None:
    brands = brand.load()

    assert brands.platforms == ("facebook", "telegram", "x")
    assert set(brands.policies) == set(brands.voices) == {"acme"}
    assert {account.mode for _, account in brands.accounts} == {"draft"}


def test_a_file_becomes_policies_and_voices(tmp_path: Path) -> None:
    brands = brand.load(written(tmp_path))

    acme, bolt = brands.policies["acme"], brands.policies["bolt"]
    assert acme.calendar.zone == ZoneInfo("Europe/London")
    assert acme.calendar.hours == ((480, 1200), *(None,) * 5, (0, 1440))
    assert acme.calendar.holidays == {"2026-12-25"}
    assert acme.target_minutes == {"urgent": 10, "normal": 60, "low": 480}
    assert acme.handles == ("acmeair",)
    assert (acme.rivals, acme.press) == (("flyother",), ("thepost", "herald"))
    assert acme.modes == {("x", "1"): "live"}
    assert (bolt.languages, bolt.modes) == (("en",), {("telegram", "2"): "draft"})
    assert brands.voices["acme"].contacts == (
        Contact("message", "send us a direct message", platforms=("x",)),
    )
    assert brands.voices["bolt"].replies["en"].marker == "(automatic reply)"


def test_guards_and_budgets_of_the_file(tmp_path: Path) -> None:
    more = """
bots = ["@NewsBot", "555"]
caps = { person_per_day = 2, brand_per_hour = 50 }
budgets = { x = { usd_per_day = 12.5, people_percent = 30 }, telegram = { usd_per_month = 0.01 } }
targets = { urgent = 10 }
"""
    file = BRAND.replace("targets = { urgent = 10 }\n", more).replace(
        'mode = "live"', 'mode = "live"\nmarked = true'
    )

    policies = brand.load(written(tmp_path, file)).policies

    acme, bolt = policies["acme"], policies["bolt"]
    assert acme.bots == {"newsbot", "555"}
    assert (acme.contacts_max, acme.hour_max) == (2, 50)
    assert acme.budgets == {"x": Limits(12_500_000, None, 30), "telegram": Limits(None, 10_000)}
    assert acme.siblings == bolt.unmarked == {("telegram", "2")}
    assert bolt.siblings == {("x", "1")}
    assert not acme.unmarked
    assert (bolt.contacts_max, bolt.hour_max, bolt.budgets) == (3, 1_000, {})


def test_platforms_connections_and_accounts_are_told_in_order(tmp_path: Path) -> None:
    brands = brand.load(written(tmp_path))

    assert brands.platforms == ("telegram", "x")
    assert brands.connections == (("telegram", "second"), ("x", "main"))
    assert [(key, account.id) for key, account in brands.accounts] == [("acme", "1"), ("bolt", "2")]


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('name = "Acme"', 'name = ""', "brands.acme.name"),
        ('name = "Acme"', 'title = "Acme"', "brands.acme.name"),
        ("schema = 1", "schema = 2", "schema"),
        ("[brands.acme]", "[brands.ACME]", "brands"),
        ('zone = "Europe/London"', 'zone = "Leeds"', "no such time zone"),
        ('"2026-12-25"', '"2026-12-32"', "brands.acme.holidays"),
        ('"2026-12-25"', '"20261225"', "write the date like 2026-12-25"),
        ('"2026-12-25"', "2026-12-25", "brands.acme.holidays"),
        ('"20:00"', '"25:00"', "brands.acme.hours"),
        ('"20:00"', '"20:0٠"', "brands.acme.hours"),
        ('"20:00"', '"08:00"', "end before they start"),
        ('["en"]', "[]", "brands.acme.languages"),
        ('["en"]', '["../en"]', "brands.acme.languages"),
        ('["en"]', '["en", "de"]', "de.toml is missing"),
        ('"AcmeAir"', '"@AcmeAir"', "brands.acme.accounts.0.handle"),
        ('mode = "live"', 'mode = "loud"', "brands.acme.accounts.0.mode"),
        ('id = "1"', "id = 1", "brands.acme.accounts.0.id"),
        ('id = "1"', 'id = "1"\ncolour = "red"', "brands.acme.accounts.0.colour"),
        ("urgent = 10", "urgent = 0", "brands.acme.targets.urgent"),
        ('kind = "message"', 'kind = "fax"', "brands.acme.contacts.0.kind"),
        ("send us a direct message", "ask Ana", "names Ana"),
        ("send us a direct message", "call 0800 1234", "four or more digits"),
        ('name = "Acme"', 'name = "Acme?"', "brands.acme: 'Hi XXX"),
        ("urgent = 10 }", "urgent = 10 }\ncaps = { person_per_day = 0 }", "caps.person_per_day"),
        ("urgent = 10 }", "urgent = 10 }\nbudgets = { x = { usd_per_day = 0 } }", "budgets.x"),
        ("urgent = 10 }", "urgent = 10 }\nbudgets = { X = {} }", "brands.acme.budgets"),
        ("schema = 1", "schema =", "brand.toml:"),
    ],
)
def test_a_fault_names_its_place(tmp_path: Path, old: str, new: str, place: str) -> None:
    replies = REPLIES.replace("we read you.", "we read you. You can also {contact}.")

    assert place in refused(tmp_path, BRAND.replace(old, new), replies)


@pytest.mark.parametrize(
    "account",
    [
        'platform = "telegram"\nconnection = "second"\nid = "2"',
        'platform = "telegram"\nconnection = "third"\nid = "2"\nmode = "live"',
        'platform = "x"\nconnection = "main"\nid = "1"',
    ],
)
def test_an_account_stands_once_in_one_brand(tmp_path: Path, account: str) -> None:
    twice = f"{BRAND}\n[[brands.bolt.accounts]]\n{account}\n"

    assert "stands twice" in refused(tmp_path, twice)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('marker = "(automatic reply)"', "", "marker is missing"),
        ('marker = "(automatic reply)"', "marker = 5", "marker is missing, or no text"),
        ('marker = "(automatic reply)"', 'marker = " "', "marker is empty"),
        ("[apology]\nvariants", "[apology]\ntexts", "apology.variants: Field required"),
        ('variants = ["{hello}, sorry', 'variants = "x"\nmore = ["', "apology.variants"),
        ("[apology]", "[sorry]", "[apology] is missing"),
        ("we read you.", "thank you.", "thanks or praises"),
        ("{hello}, we are sorry.", "{hello, we are sorry.", "brace"),
        ("[neutral]", "[neutral", "en.toml:"),
    ],
)
def test_a_fault_in_the_replies_names_the_file(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    message = refused(tmp_path, replies=REPLIES.replace(old, new, 1))

    assert message.startswith("en.toml: ")
    assert says in f"{message} en.toml:"


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    folder = written(tmp_path)
    (folder / "brand.toml").write_bytes(b"\xff\xfe")

    with pytest.raises(BrandFileError, match=r"brand\.toml"):
        brand.load(folder)


def test_without_a_file_there_is_no_brand(tmp_path: Path) -> None:
    with pytest.raises(BrandFileError, match=r"brand\.toml is missing"):
        brand.load(tmp_path)
