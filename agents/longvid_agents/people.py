"""Who speaks in the videos that are asked about, and who says something: all who are heard by name, each cited."""

from __future__ import annotations

import re
from collections import defaultdict

from longvid_agents.counts import times
from longvid_agents.kinds import VIDEOS
from longvid_agents.lists import Listed, places_cited
from longvid_storage.db.view import View
from longvid_storage.errors import UsageError
from longvid_storage.files import is_gone
from longvid_storage.text.timecode import format_time
from longvid_storage.types import Citation, Claim, Passage, covered_s

MOST_HEARD = 20
"""Of more videos the sentences are not read for it."""

_SPEAKS = (
    "speak(?:s|ing)?|spoke|talk(?:s|ed|ing)?|tak(?:es|ing) part|took part|participat(?:e|es|ed|ing)"
    "|attend(?:s|ed|ing)?|present|there|heard"
)
_PEOPLE = "speakers|participants|attendees|people|persons"
_ASKED = re.compile(
    rf"^\W*(?:who (?:all )?(?:(?:is|are|was|were) )?(?:{_SPEAKS})"
    r"|who (?:all )?(?:was|were|joined|came)"
    r"|who (?:speaks?|spoke|talk(?:s|ed)?|said|says) (?:the )?(?:most|longest|least)"
    rf"|(?:who are|list|name|show(?: me)?|which are)(?: all)?(?: the)? (?:{_PEOPLE})(?: there)?"
    rf"|how many (?:{_PEOPLE}) (?:(?:are|were) )?(?:{_SPEAKS})"
    r"|wer (?:spricht|redet|nimmt teil)|qui parle|quién(?:es)? hablan?)"
    rf"(?: (?:(?:in|at|on|during|of|to|from) )?(?:the|this|that|our|a)? ?(?:{VIDEOS}))?\W*$",
    re.IGNORECASE,
)
_WHO_MENTIONS = re.compile(
    r"^\W*who (?:all |else )?(?:mention(?:s|ed)|talk(?:s|ed) about|sp(?:eaks|oke) (?:about|of)|brought up)\s{1,9}"
    r"(?:the )?(?P<what>[\w&+#.'-]{1,64}(?: [\w&+#.'-]{1,64}){0,3}?)\W{0,9}$"
    r"|^\W*wer (?:hat|erwähnt|erwähnte|spricht|sprach|redet)(?: über| von)? (?P<wen>[\w&+#.'-]{1,64})"
    r"(?: (?:gesprochen|geredet|erwähnt|genannt))?\W{0,9}$"
    r"|^\W*qui (?:a )?(?:parl[eé]|mentionn[eé]|évoqu[eé])(?: de| d['’])? ?(?P<qui>[\w&+#.'-]{1,64})\W{0,9}$"
    r"|^\W*quién(?:es)? (?:ha )?(?:habl[aóo]d?o?|mencion[aó]d?o?)(?: de| sobre)? (?P<quien>[\w&+#.'-]{1,64})\W{0,9}$",
    re.IGNORECASE,
)
_MOST = re.compile(r"\b(?:most|longest|least)\b", re.IGNORECASE)
# What programs call a voice is somebody else in every video.
_NOBODY = re.compile(r"(?:\w+[\s_#-]?\d{1,3}|[A-Z]|unknown.*)\Z", re.IGNORECASE)
_ONLY_HEARD = "Those who are heard by name; who was there and silent is not known."


def who_speaks(question: str, view: View) -> Listed | None:
    """Everybody who speaks in the scope, who speaks longest first; None where that is not asked, or nobody is named."""
    if _ASKED.match(question) is None:
        return None
    cards = view.cards()
    if len(cards) > MOST_HEARD:
        return None
    claims = []
    totals: defaultdict[str, float] = defaultdict(float)
    places: defaultdict[str, list[Citation]] = defaultdict(list)
    for card in cards:
        said: defaultdict[str, list[Passage]] = defaultdict(list)
        for passage in view.passages_of(card.video_id, ["speech"]):
            if passage.speaker:
                said[passage.speaker].append(passage)
        # Sentences of one cue have its whole span, which counts once.
        spoken_s = {
            name: covered_s((p.start_s, p.end_s) for p in passages) for name, passages in said.items()
        }
        where = f" in {card.title}" if len(cards) > 1 else ""
        for name in sorted(said, key=lambda name: -spoken_s[name]):
            text = f"{name} speaks for {format_time(spoken_s[name])}{where}."
            claims.append(Claim(text, (Citation.of(said[name][0], card.title, card.path),)))
            totals[name] += spoken_s[name]
            places[name] += claims[-1].citations
    extreme = _MOST.search(question)
    if extreme and len(cards) > 1 and not any(map(_NOBODY.match, totals)):
        claims = []
        for name in sorted(totals, key=lambda name: -totals[name]):
            count = len(places[name])
            text = f"{name} speaks for {format_time(totals[name])} in {count} video{'s' * (count != 1)}."
            claims.append(Claim(text, tuple(places[name])))
    if extreme and extreme[0].casefold() == "least":
        claims.reverse()
    return Listed(tuple(claims), "listed who speaks", (_ONLY_HEARD,)) if claims else None


def who_mentions(question: str, view: View) -> Listed | None:
    """Everybody who says what the question names, with every place; None where that is not asked, or it is nobody."""
    match = _WHO_MENTIONS.match(question)
    if match is None:
        return None
    from longvid_storage.search.mentions import mentions

    what = next(filter(None, match.groups()))
    try:
        groups = mentions(view, [what])
    except UsageError:  # no word to look for
        return None
    videos = {group.video_id: group for group in groups}
    by = defaultdict[str, dict[int, None]](dict)
    for place in (place for group in groups for place in group.mentions):
        if place.speaker and place.kind == "speech":
            by[place.speaker].update(dict.fromkeys(place.passage_ids))
    most, first_cited = places_cited([len(said) for said in by.values()], "speaker")
    claims = []
    cited = {p.id: p for p in view.passages([i for said in by.values() for i in [*said][:most]])}
    gone = {video_id: is_gone(videos[video_id].path) for video_id in {p.video_id for p in cited.values()}}
    for speaker, said in by.items():
        places = (cited[i] for i in [*said][:most] if i in cited)
        of = (
            Citation.of(p, videos[p.video_id].title, videos[p.video_id].path, gone=gone[p.video_id])
            for p in places
        )
        claims.append(Claim(f"{speaker} says it {times(len(said))}", tuple(of)))
    notes = (first_cited,) if first_cited else ()
    return Listed(tuple(claims), f'listed who says "{what}"', notes) if claims else None
