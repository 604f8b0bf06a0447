import pytest
from hypothesis import given
from hypothesis import strategies as st

from heed.triage.language import guess, is_other

TEXTS = {
    "en": (
        "My flight was cancelled and nobody is helping",
        "where is my parcel",
        "ok thanks",
        "im 12, i used mums card for gems",
    ),
    "de": (
        "Mein Flug wurde gestrichen und niemand hilft mir",
        "danke",
        "Wo bleibt mein Paket?",
        "Seit Wochen keine Antwort, ich bin sehr enttäuscht",
    ),
    "fr": (
        "Mon vol est annulé, qui peut m'aider ?",
        "Je suis très déçu",
        "merci beaucoup",
        "C'est la troisième fois que ma commande n'arrive pas",
    ),
    "es": (
        "¿Dónde está mi pedido?",
        "El paquete no ha llegado todavía",
        "muchas gracias",
        "Mi vuelo fue cancelado y nadie contesta",
    ),
    "pl": (
        "Gdzie jest moja paczka? Czekam już dwa tygodnie",
        "Moja paczka nie dotarła",
        "dziękuję bardzo",
        "Lot został odwołany i nikt nie odpowiada",
    ),
    "und": ("lol", "", "123", "refund pls", "STOP", "👍", "BA12"),
}
OTHERS = (
    "Где моя посылка?",
    "私の荷物はどこですか",
    "أين طلبي",
    "Mijn vlucht is geannuleerd en niemand helpt mij",
    "il mio pacco non è arrivato",
    "meu pedido não chegou ainda",
    "min väska är borta och jag får inget svar",
    "Uçuşum neden iptal edildi, kimse cevap vermiyor ve çok kızgınım",
    "zkurvený vlak zase stojí někde před Brnem už dvě hodiny",
)


@pytest.mark.parametrize(
    ("language", "text"), [(language, text) for language in TEXTS for text in TEXTS[language]]
)
def test_a_language_is_guessed_or_left_open(language: str, text: str) -> None:
    assert guess(text) == language
    assert not is_other(text)


@pytest.mark.parametrize("text", OTHERS)
def test_what_is_surely_none_of_the_five_is_told_apart(text: str) -> None:
    assert guess(text) == "und"
    assert is_other(text)


def test_a_short_text_without_a_common_word_may_be_english() -> None:
    assert not is_other("Flight BA12 cancelled, zero updates")


@given(st.text(st.characters(exclude_categories=()), max_size=60))
def test_any_text_gets_a_guess(text: str) -> None:
    assert guess(text) in TEXTS
