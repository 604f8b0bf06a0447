"""What the words of a text say beyond mood, as marks: holds, and what asks for no answer."""

import re

from heed.domain.mention import MASK
from heed.triage import language
from heed.triage.crises import CRISES
from heed.triage.holds import HOLDS, IDIOMS
from heed.triage.opt_out import is_opt_out
from heed.triage.phrases import compiled
from heed.triage.text import plain, untagged

_COURTESY_WORDS_MAX = 10
_COURTESIES = frozenset(
    """thanks thank cheers ok okay great perfect sorted appreciated appreciate good cool nice sweet
    brilliant awesome lovely amazing wonderful super fab fantastic excellent worries welcome noted
    understood solved resolved fixed worked works danke dank merci gracias grazie obrigado obrigada
    dzięki dziękuję""".split()
)
_AROUND_COURTESIES = frozenset(
    """you so much very many a lot again for the your help quick fast swift kind reply response
    answer update info support all now it is that this got will do done no np have day evening
    weekend one and too guys team i am we are really my to yes know letting me just what needed was
    being patience time back getting looking into oh ah wow best wishes bye take care
    sorting quickly fixing solving helping replying answering guys folks mate alright
    euch dir ihnen euer beaucoup vielen bardzo muchas lieben herzlichen mille""".split()
)

ULTIMATUM = compiled(
    r"""
    (and |so )?(?<!do )(?<!if )(?<!when )(you have|you got|i give you|i will give you|giving you)(
    + got)? (exactly )?(\d+ ?(h|hours?|days?|minutes?|weeks?)|one (day|week|hour)|(until|till) \w+)
    +( to|(?= (or|and|before|otherwise))|(?=[.,;!])|$)
    \d+ ?(h|hours?|days?) to (?=(fix|refund|sort|solve|answer|reply|repair|replace|resolve))
    (or|otherwise|before) (i|we) (will |am going to |am |are going to )?(go|going|tell~|post~|leav~
    +|cancel~|switch~|shar~|mak~|tak~|expos~|publish~|nam~|writ~)[^.,;!?]*
    \d+ ?(h|hours?|days?) or (i|we) [^.,;!?]*
    (fix|sort|solve|refund|answer|resolve) (it|this|me) by \w+ or else
    or else
    (last|final) (chance|warning)
    if (you|this|it) [^.,;!?]{0,60}(i|we) (will|am|are) (\w+ )?(leav~|switch~|tell~|post~|(go
    +|going) (elsewhere|public|viral|over|with)|shar~|expos~|cancel~ my)[^.,;!?]*
    (i|this|it) (will |am )?(go|going|goes) viral
    (i will |or i )?(name and shame|(tell|telling) (all )?my (\w+ )?followers)
    (leav~|writ~|post~) (you |a |an )*(one star|1 star|bad|terrible) reviews?
    """
)
_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_UPSET = frozenset("😠😡🤬👎💩🖕😤🤮😒🙄😞😢😭💔")


def find(text: str) -> frozenset[str]:
    """Find the marks of a text as it was written."""
    said = untagged(text)
    spelled = plain(said)
    marks = {mark for mark, found in _rules(said, spelled).items() if found}
    if MASK in text:
        marks.add("personal_data")
    return frozenset(marks | _holds(spelled))


def without_ultimatum(spelled: str) -> str:
    """Take an ultimatum out of a plainly spelled text: it changes the mark and nothing else."""
    return ULTIMATUM.sub(" ", spelled).strip(" ,.;:-")


def is_upset(text: str) -> bool:
    """Tell whether a text of pictures alone is angry or sad."""
    return not _UPSET.isdisjoint(text)


def _holds(spelled: str) -> set[str]:
    serious = IDIOMS.sub(" ~ ", spelled)
    tables = (*CRISES.items(), *HOLDS.items())
    return {mark for mark, pattern in tables if pattern.search(serious)}


def _rules(said: str, spelled: str) -> dict[str, bool]:
    words = _WORD.findall(spelled)
    return {
        "no_text": not words and "?" not in spelled,
        "opt_out": is_opt_out(spelled),
        "courtesy": _is_courtesy(spelled, words),
        "ultimatum": bool(ULTIMATUM.search(spelled)),
        "other_language": bool(words) and language.is_other(said),
    }


def _is_courtesy(spelled: str, words: list[str]) -> bool:
    known = _COURTESIES | _AROUND_COURTESIES
    return (
        0 < len(words) <= _COURTESY_WORDS_MAX
        and "?" not in spelled
        and set(words) <= known
        and not _COURTESIES.isdisjoint(words)
    )
