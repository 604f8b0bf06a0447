"""Which language a text is in: a small, honest guess by script and by stop words.

It knows English, German, French, Spanish and Polish; of anything else it says "und"."""

import re
import unicodedata

UNKNOWN = "und"

_WORDS: dict[str, frozenset[str]] = {
    "en": frozenset(
        """the and you your is are was it this that of to for my with not have has had be on at but
        what how when why where who please thanks thank can will would do does did i we they from
        been get got just so very all there here an still never a by or if me us our he she her his
        them as up out about after more than then again now only back off over were into their
        any no am""".split()
    ),
    "de": frozenset(
        """der die das und ist nicht ich ihr ihre mein meine mit auf für ein eine einen wie wann
        warum wo bitte danke kein keine sie wir es zu von noch seit schon immer aber auch wird habe
        hat sind war mir mich euch euer eure bei nach dem den im am vielen""".split()
    ),
    "fr": frozenset(
        """le la les des est pas je vous votre mon ma mes avec pour un une dans sur bonjour merci
        où quand comment pourquoi qui que ne nous et du au aux à depuis toujours encore mais
        très beaucoup""".split()
    ),
    "es": frozenset(
        """el la los las es usted su mi mis con para un una en por hola gracias dónde cuando
        cómo qué que porque y del al desde siempre todavía pero más muy está muchas
        se lo""".split()
    ),
    "pl": frozenset(
        """i w na nie jest się z do to od już mój moja moje proszę dziękuję dlaczego
        jak kiedy gdzie czy ale jeszcze mnie za po dla co są był była mam nadal bardzo moję
        mojego""".split()
    ),
}  # fmt: skip
# Neighbours that would pass for one of the five: known only to be told apart from them.
_NEIGHBOURS: dict[str, frozenset[str]] = {
    "nl": frozenset(
        """het een niet mijn ik jullie voor naar zijn maar wat geen jij deze bij ook nog
        wordt heb dit aan mij ons niemand en wel""".split()
    ),
    "it": frozenset(
        """il gli che sono una della del con mio mia grazie perché è anche questo ho
        ancora vostro molto dei""".split()
    ),
    "pt": frozenset(
        """o os não uma você para meu minha obrigado obrigada está por e meus muito ainda
        quando foi isso eu""".split()
    ),
    "sv": frozenset(
        """och jag inte det är att ett på med för ni min mitt har vi som men tack varför
        ikke jeg og er av""".split()
    ),
    "tr": frozenset(
        """bir ve bu için çok değil ben ama neden zaman var yok benim sizin lütfen
        teşekkürler hala""".split()
    ),
}  # fmt: skip
# Letters that one of the five has for itself.
_LETTERS = {
    "de": frozenset("ß"),
    "fr": frozenset("œêû"),
    "es": frozenset("ñ¿¡"),
    "pl": frozenset("ąęłńśźż"),
}
_WORD = re.compile(r"[^\W\d_]+")
_LETTER_WEIGHT = 2
# Below this many words a text may be anything: "refund pls" is no foreign language.
_TELLING_WORDS = 8


def guess(said: str) -> str:
    """Guess the language of an untagged text: en, de, fr, es, pl, or "und"."""
    best = _best(_scores(said))
    return best if best in _WORDS else UNKNOWN


def is_other(said: str) -> bool:
    """Tell whether a text is in none of the five: in another script, in a neighbour's words, or
    long without a single common word."""
    words = _WORD.findall(said.lower())
    if 2 * sum(not _is_latin(word) for word in words) > len(words):
        return True
    scores = _scores(said)
    return _best(scores) in _NEIGHBOURS or (
        len(words) >= _TELLING_WORDS and not any(scores.values())
    )


def _scores(said: str) -> dict[str, int]:
    lowered = said.lower()
    words = _WORD.findall(lowered)
    scores = {
        language: sum(word in known for word in words)
        for language, known in (*_WORDS.items(), *_NEIGHBOURS.items())
    }
    for language, letters in _LETTERS.items():
        scores[language] += _LETTER_WEIGHT * sum(char in letters for char in lowered)
    return scores


def _best(scores: dict[str, int]) -> str | None:
    """Find the language with most hits; None without any, or with two that have as many."""
    first, second = sorted(scores, key=lambda language: -scores[language])[:2]
    return first if scores[first] > scores[second] else None


def _is_latin(word: str) -> bool:
    return unicodedata.name(word[0], "").startswith("LATIN")
