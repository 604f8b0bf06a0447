"""Who asks the machine to stop: a whole text of few words, or "stop" with what is to stop.

Stories 12 and 13: "stop charging me" is a complaint. All of this is data, in the languages that a
brand may answer in; accents do not count, for many leave them out, nor do apostrophes, which plain
spelling takes away."""

import re
import unicodedata
from typing import Final

from heed.triage.phrases import compiled

_WORDS_MAX: Final = 4
# What commands, alone or with words from around it.
_COMMANDS: Final = frozenset(
    """stop stopp unsubscribe unsub optout abmelden abbestellen austragen stoppen arrete arretez
    arreter desabonner desabonnement desinscription desinscrire stopper baja parar pare paren para
    desuscribir desuscribirme cancelar sair parem descadastrar remover basta smetti smettila
    smettetela fermati disiscrivimi disiscrivermi cancellami wypisz zrezygnuj rezygnuje stopujcie
    przestan przestancie wypisuje""".split()
)
# "Parar", "cancelar" and their like mean much else: they command only as the whole text.
_ALONE: Final = frozenset("cancelar parar para sair remover stoppen".split())
_AROUND: Final = frozenset(
    """it this that now please ok just enough me out already thanks all bitte jetzt das sofort damit
    mich sil vous plait svp te maintenant moi ca por favor ya ahora me de esto eso agora ja isso
    per adesso ora subito prosze juz mnie to teraz natychmiast""".split()
)
# Whole texts that say it without a command word, or with words that mean much alone.
_WHOLE: Final = compiled(
    r"""
    (please )?(leave me alone|opt( me)? out|opt-out|remove me|take me off)( please| now)?
    (bitte )?(lasst|lass|lassen sie) mich in ruhe( bitte)?
    (laissez|laisse)( |-)moi tranquille( svp| sil vous plait)?
    (dejame|dejadme|dejenme) en paz( por favor)?
    (darme|quiero darme|dame) de baja( por favor)?
    me deixem? em paz( por favor)?|(deixem?|deixa)(-me| me) em paz
    (lasciami|lasciatemi) (in pace|stare)( per favore)?
    (daj|dajcie) mi spokoj( prosze)?|prosze mnie wypisac
    """
)
# "Stop" with message, reply or DM, unless it is asked how, or what else does not stop.
_PHRASES: Final = compiled(
    r"""
    (?<!how do i )(?<!how to )(?<!how can i )(?<!not )(?<!never )stop (sending )?(me )?
    +(all |with |the |these |those |this |your |any |more |stupid |automatic )*(messag(e|es|ing)
    +|repl(y|ies|ying)|dms?|dm-?ing|text(s|ing)?|contacting|writing)(?! (my|notification
    +|notifications|alerts?|at|in|about))
    no more (messages|replies|dms|texts)( please)?,? ?(stop|thanks|thank you)?
    (do not|never) (message|contact|dm|text|write to|reply to) me( again| ever| any ?more)?
    (keine|keinerlei) (nachrichten|antworten|dms) mehr
    (schreibt|schreib|schreiben sie|antwortet|antworte|antworten sie|kontaktiert|kontaktieren sie)
    + (mir|mich) (bitte )?(nicht mehr|nie wieder|nie mehr)
    (hort|hor|horen sie) (bitte )?auf,? mir zu (schreiben|antworten)
    (arretez|arrete|cessez) (de )?(d|m|me )?(ecrire|envoyer (des |vos )?messages|contacter
    +|repondre)
    ne (m|me )(ecrivez|contactez|repondez|envoyez)( plus)( de messages)?|plus de messages? svp
    (dejen?|dejad|deja|paren?|parad) de (escribirme|contactarme|responderme|enviarme|mandarme)
    +( mensajes)?
    no me (escriban?|escribais|contacten?|respondan?|manden|envien)( mas)?( mensajes)?
    (parem?|pare|para|deixem?) de (me )?(escrever|contatar|contactar|responder|enviar|mandar)(-me)?
    +( mensagens)?
    nao me (escrevam?|contatem?|contactem?|respondam?|mandem|enviem)( mais)( mensagens)?
    (smettetela|smettete|smettila|smetti|smetta) di (scrivermi|contattarmi|rispondermi|mandarmi)
    +( messaggi)?
    non (scrivetemi|contattatemi|scrivermi|contattarmi|rispondetemi) piu
    (przestancie|przestan|prosze przestac) (do mnie )?(pisac|wysylac( mi)? wiadomosci)( do mnie)?
    nie (piszcie|pisz|wysylajcie|kontaktujcie sie) (do mnie|mi|ze mna)( wiecej| juz)?
    """
)
_WORD: Final = re.compile(r"[^\W_]+")
# Letters that no accent makes: Unicode does not take them apart.
_LETTERS: Final = str.maketrans({"\u0142": "l", "\u00df": "ss"})


def is_opt_out(spelled: str) -> bool:
    """Tell whether a plainly spelled text asks the machine to stop."""
    bare = _bare(spelled)
    words = _WORD.findall(bare)
    whole = " ".join(words)
    return _commands(words) or bool(_WHOLE.fullmatch(whole)) or bool(_PHRASES.search(bare))


def _commands(words: list[str]) -> bool:
    found = _COMMANDS.intersection(words)
    if not found or len(words) > _WORDS_MAX:
        return False
    if found <= _ALONE:
        return len(words) == 1
    return set(words) <= _COMMANDS | _AROUND


def _bare(spelled: str) -> str:
    apart = unicodedata.normalize("NFD", spelled.translate(_LETTERS))
    return "".join(c for c in apart if unicodedata.category(c) != "Mn")
