import pytest

from heed.triage.features import find
from heed.triage.verdict import judge

STOPS = {
    "en": """STOP | stop | Stop. | stop!!! | Stop 🛑 | sToP | @acme stop | please stop | stop it now
        | stop messaging me | stop replying | stop sending me these DMs | unsubscribe | Unsubscribe!
        | opt out | opt-out | optout | leave me alone | Leave me alone! 😡 | remove me
        | don't message me again | do not contact me | no more messages please | s\u200btop""",
    "de": """Stopp | STOPP! | Stop bitte | abmelden | Bitte abmelden. | Abbestellen 🛑 | austragen
        | Lasst mich in Ruhe! | Lassen Sie mich in Ruhe | Schreibt mir nicht mehr
        | schreiben Sie mir bitte nie wieder | keine Nachrichten mehr
        | Hört auf, mir zu schreiben | hört bitte auf mir zu antworten""",
    "fr": """Arrêtez | ARRETEZ ! | arrête | Stop svp | Stop, s'il vous plaît | désabonner
        | désinscription | Laissez-moi tranquille | laisse moi tranquille !
        | Arrêtez de m'écrire
        | arrêtez de me contacter | ne m'écrivez plus | Ne me contactez plus""",
    "es": """Baja | BAJA por favor | parar | Paren ya | basta | Darme de baja | déjenme en paz
        | Dejen de escribirme | deja de mandarme mensajes | no me escriban más
        | No me contacten | paren de enviarme mensajes""",
    "pt": """Parem | parem por favor | pare já agora | descadastrar | sair | Me deixem em paz
        | deixem-me em paz | Parem de me escrever | pare de me mandar mensagens
        | não me escrevam mais | Não me contatem mais""",
    "it": """Basta | basta! | smettila | Smettetela adesso | disiscrivimi | Lasciatemi in pace
        | lasciami stare per favore | Smettetela di scrivermi | smetti di mandarmi messaggi
        | non scrivetemi più | Non contattatemi più""",
    "pl": """Wypisz mnie | rezygnuję | przestań | Przestańcie już | Dajcie mi spokój
        | daj mi spokój proszę | Nie piszcie do mnie więcej | przestańcie do mnie pisać""",
}
GOES_ON = {
    "en": """stop charging me | please stop cancelling my trains | Stop charging me twice!
        | stop losing my parcels | ok stop that train now please | stop wars | bus stop moved again
        | how do I stop message notifications? | your app won't stop messaging my phone
        | stop messaging my mum's old number about the invoice, why do you charge her
        | leave | where do I opt out of paper bills and how long does it take
        | the stop button in your app is broken | they would not leave me alone with the bill""",
    "de": """Stoppt die Abbuchungen | hört auf, mein Konto zu belasten | Haltestelle Stopp fehlt
        | meine Nachrichten kommen nicht mehr an, bitte helfen | wo kann ich den Newsletter abmelden
        | der Aufzug lässt sich nicht stoppen""",
    "fr": """arrêtez de me prélever | Arrêtez de débiter ma carte | arrêtez d'annuler mes trains
        | je n'arrête pas d'attendre | arrêt de bus supprimé""",
    "es": """dejen de cobrarme | paren de cancelar mis vuelos | para el vuelo de mañana
        | quiero cancelar mi vuelo | baja la calidad cada día""",
    "pt": """parem de me cobrar | pare de cancelar meus voos | para amanhã | quero cancelar o voo
        | sair do aeroporto demora""",
    "it": """smettetela di addebitarmi | basta ritardi sulla linea | smettete di cancellare i treni
        | cancellami il volo di domani""",
    "pl": """przestańcie mnie obciążać | nie mogę się wypisać z newslettera
        | przestańcie odwoływać pociągi""",
}


def cases(table: dict[str, str]) -> list[tuple[str, str]]:
    texts = ((code, text.strip()) for code, line in table.items() for text in line.split("|"))
    return [(code, " ".join(text.split())) for code, text in texts]


@pytest.mark.parametrize(("language", "text"), cases(STOPS))
def test_who_says_stop_is_heard_in_every_language(language: str, text: str) -> None:
    assert "opt_out" in find(text)
    assert "opt_out" in judge(text, language).marks


@pytest.mark.parametrize(("language", "text"), cases(GOES_ON))
def test_who_wants_something_else_to_stop_is_not_taken_for_it(language: str, text: str) -> None:
    assert "opt_out" not in find(text)
    assert "opt_out" not in judge(text, language).marks


def test_who_complains_about_charges_complains() -> None:
    assert judge("stop charging me twice for one ticket", "en").intent == "complaint"
