import pytest
from hypothesis import given
from hypothesis import strategies as st

from heed.domain.names import safe_first_name

# A blank, titles, slogans, jobs, companies, words, scripts, decorations, abuse.
NASTY = """
Not Happy|FIX MY BUS|Dr|🌸|null|Dr Sam Hill|Mr. Bean|Mrs|Prof Ada|Sir Tom|Lady Gaga|Captain Obvious
Herr Müller|Frau Holle|Señora Ana|Mme Dupont|Rev Green|None|undefined|NaN|Anonymous|Deleted Account
user12345|Guest|admin|test test|The Rock|A Customer|Angry Customer|Furious Passenger|Fed Up|So Tired
Unhappy Camper|Worst Airline Ever|Scam Alert|Refund Please|Delayed Again|Boycott Acme|Never Again
Just Me|It's Me|Hello Kitty|Stop It|Save Our Buses|Free Palestine|No Name|Nobody|Who Knows|Why Not
Acme Air|Acme Support|Official Acme|Help Desk|Customer Care|News Daily|Leeds United|FC Barcelona
Pizza Hut|Joe's Pizza|Smith & Sons|Miller GmbH|Hill Ltd|Shop Now|Coffee Lover|Cat Mum|Dog Dad|Dad
Mum of 3|Mom|Grandma|Mummy Bear|Big Dave|Little Mix|Old Man|Good Guy|Super Sam|Real Deal|King Kong
Queen B|Prince|God|Jesus|Satan|Love Life|Peace|War|Sunshine|Blue Sky|Monday Blues|Summer Rain|Tiger
Crypto King|Bitcoin Bob|Gamer Boy|Qwerty|asdf|abc|Xyz|Bcdfg|Aaaa|Zzz|Hmm|lol|omg|Fuck Acme|Shithead
Pissed Off|Hitler|Sam🌸|🌸 Sam|$am|S4m|Sam_Hill|sam.hill|@sam|#sam|J|J.|J. Smith|O|X Æ A-12|Иван
Аnna|李雷|محمد|דוד|Γιώργος|𝐒𝐚𝐦|Ｓａｍ|ᴀɴɴᴀ|S̷a̷m̷|\u202eSam|Sam\u200bHill|iPhone|eBay|YouTube|sAM|JohnSmith
Anna Maria Luise Huber|Smith, John|Sam Hill Esq|Anna from Leeds|Sam The Man|Anna and Tom
Anna & Tom|Abcdefghijklmnopqrstuv
Mr|SAM HILL|ANNA|Bank Teller|Bus 42|Flight BA12|Lost Bag|Waiting Room|Ex Fan
""".replace("\n", "|").split("|")  # fmt: skip
# The one of them that is somebody's name, only loud.
LOUD = {"ANNA": "Anna"}

NAMES = {
    "Sam": "Sam",
    "Sam Hill": "Sam",
    "sam": "Sam",
    "sam hill": "Sam",
    "SAM": "Sam",
    "Anna 🌸": "Anna",
    "Anna (she/her)": "Anna",
    "Mary-Jane Watson": "Mary-Jane",
    "jean-luc": "Jean-Luc",
    "José": "José",
    "Jose\u0301 Ruiz": "José",
    "Łukasz Nowak": "Łukasz",
    "Søren": "Søren",
    "Zoë": "Zoë",
    "Nguyễn Văn Bình": "Nguyễn",
    "McKenna": "McKenna",
    "LaToya Hill": "LaToya",
    "Kim Brown": "Kim",
    "Grace King": "Grace",
    "D’Arcy": None,
    "Ja’Marcus Hill": "Ja’Marcus",
    "Ann'marie": "Ann'marie",
    "Bo": "Bo",
    "Priya S.": "Priya",
    "  Ben   Okri ": "Ben",
}


@pytest.mark.parametrize("display_name", [name for name in NASTY if name])
def test_in_doubt_nobody_is_named(display_name: str) -> None:
    assert safe_first_name(display_name) == LOUD.get(display_name)


@pytest.mark.parametrize(("display_name", "name"), NAMES.items())
def test_a_name_is_greeted_as_it_is_written(display_name: str, name: str | None) -> None:
    assert safe_first_name(display_name) == name


@pytest.mark.parametrize("nothing", [None, "", "   ", "\n"])
def test_without_a_display_name_there_is_no_name(nothing: str | None) -> None:
    assert safe_first_name(nothing) is None


@given(st.text(st.characters(exclude_categories=()), max_size=40))
def test_whatever_is_taken_for_a_name_looks_like_one(display_name: str) -> None:
    name = safe_first_name(display_name)

    if name is not None:
        assert 2 <= len(name) <= 20
        assert all(c.isalpha() or c in "-'’" for c in name)
        assert name[0].isupper()
        assert not name.isupper()
