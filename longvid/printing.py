"""What people read in a terminal: answers, moments, tables. Plain text, no colour needed to understand it."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from longvid_agents.cite import format_citation, format_claim
from longvid_storage.files import is_gone
from longvid_storage.text.shown import cut, shown
from longvid_storage.text.timecode import format_span, format_time

if TYPE_CHECKING:
    from longvid.details import VideoDetails, VideoLines
    from longvid_agents.text_check import CheckedSentence
    from longvid_indexer.report import IndexReport, LeftOut
    from longvid_storage.db.rows import SpeakerRow, TranscriptInfo
    from longvid_storage.search.mentions import Mention, VideoMentions
    from longvid_storage.types import (
        Answer,
        Citation,
        Claim,
        Moment,
        Passage,
        Searched,
        Segment,
        TrailStep,
    )

_NAMED = 5  # files named for each reason; --json has all
_WHY_NOT = {
    "no transcript": "Nothing said could be searched in",
    "damaged": "Damaged, and searched as far as it can be read",
    "not indexed": "Not yet indexed whole",
}
_KINDS = {
    "speech": "said",
    "screen": "on screen",
    "picture": "picture",
    "summary": "summary",
    "sound": "heard",
    "translation": "translation",
}


def width() -> int:
    """Columns to fill: the terminal's, between 60 and 110."""
    return max(60, min(110, shutil.get_terminal_size((100, 24)).columns))


def answer(result: Answer, told: int = 0) -> str:
    """The answer with a citation behind every claim, then its files; or what came nearest.

    ``told``: so many claims were printed before, as they were verified, and are left out.
    """
    if not result.found:
        lines = [shown(result.answer)]
        if result.searched is not None:
            lines.append(searched(result.searched))
        if result.nearest:
            lines += ["", "Nearest moments:", moments(result.nearest)]
        return "\n".join(lines)
    lines = [] if told else [claim(each) for each in result.claims]
    lines += [_fill(shown(f"({note})")) for note in result.notes]
    if result.partial:
        lines.append(_fill(result.answer.splitlines()[-1]))
    sources = {citation.path for each in result.claims for citation in each.citations}
    return "\n".join([*lines, "", *(f"  {shown(path)}{_gone(path)}" for path in sorted(sources))])


def _gone(path: str) -> str:
    """What is said behind the path of a file that is not where it was."""
    return "  (gone: no file is there any more)" if is_gone(path) else ""


def claim(found: Claim) -> str:
    """A claim and its citations, filled to the width."""
    return _fill(shown(format_claim(found)))


def step(done: TrailStep) -> str:
    """A step of the trail: seconds since the question, node, what was done, how much it found."""
    found = "" if done.found is None else f" → {done.found}"
    return f"{done.at_s:7.1f} s  {done.node:7}  {shown(done.did)}{found}"


def found(moments_: Sequence[Moment], query: str) -> str:
    """``longvid search``: the moments, or what there is instead of any that has a word of the query."""
    if not moments_:
        word = any(map(str.isalnum, query))
        return (
            "Nothing found." if word else f"Nothing found: there is no word to look for in {shown(query)!r}."
        )
    near = all(moment.near for moment in moments_)
    head = ["Nothing found with these words. The nearest:"] if near else []
    return "\n".join([*head, moments(moments_)])


def moments(found: Iterable[Moment]) -> str:
    """A numbered list: where to start playing, the quote that is there, then what else is in the moment and when;
    ``(near)`` where no word of the query is."""
    blocks = []
    for number, moment in enumerate(found, 1):
        about = "about " if any(each.guessed for each in moment.evidence) else ""
        where = f"{shown(moment.title)} @ {about}{format_time(moment.play_s)}"
        near = "  (near)" if moment.near else ""
        lines = [
            f"{number}. {where}  ({format_span(moment.start_s, moment.end_s)}){near}{_gone(moment.path)}"
        ]
        lines += [_evidence(each) for each in moment.evidence[:1]]
        lines += [_evidence(each, f"{format_time(each.start_s)}  ") for each in moment.evidence[1:3]]
        blocks.append("\n".join(lines))
    return "\n".join(blocks)


def _evidence(evidence: Passage, when: str = "") -> str:
    who = f"{evidence.speaker}: " if evidence.speaker else ""
    text = f"{when}{_kind(evidence)} · {shown(who + evidence.text)}"
    return _fill(textwrap.shorten(text, 3 * width(), placeholder=" …"), "   ")


def _kind(piece: Passage | Mention) -> str:
    known = f" ({piece.language})" if piece.kind == "translation" and piece.language else ""
    return _KINDS[piece.kind] + known


def searched(through: Searched) -> str:
    """What was looked through in vain, and what of it could not be, each reason with the first few videos."""
    count = f"{through.videos} video{'s' * (through.videos != 1)}"
    words = f" for: {', '.join(through.words)}" if through.words else ""
    lines = [f"Looked through {count} ({format_time(through.duration_s)}){words}."]
    for why, told in _WHY_NOT.items():
        of_it = [each for each in through.unsearched if each.why == why]
        if of_it:
            some = [f"{each.title} ({each.what})" for each in of_it[:_NAMED]]
            more = f" and {len(of_it) - _NAMED} more" if len(of_it) > _NAMED else ""
            lines.append(f"{told}: {', '.join(some)}{more}.")
    return "\n".join(_fill(shown(line)) for line in lines)


def checked(found: Sequence[CheckedSentence]) -> str:
    """``longvid verify``: each sentence with its verdict and its places, then how many there are of each."""
    blocks = []
    for each in found:
        because = f"  ({each.reason})" if each.reason else ""
        lines = [_fill(shown(f"{each.verdict.upper():12} {each.text}{because}"))]
        lines += [_place(citation) for citation in each.citations]
        lines += [f"{_place(citation)}  (near)" for citation in each.nearest[:1]]
        blocks.append("\n".join(lines))
    counts = Counter(each.verdict for each in found)
    told = ", ".join(
        f"{counts[verdict]} {verdict}" for verdict in ("supported", "contradicted", "unsupported")
    )
    return "\n".join([*blocks, "", f"{len(found)} sentence{'s' * (len(found) != 1)}: {told}"])


def _place(citation: Citation) -> str:
    text = textwrap.shorten(
        f"{format_citation(citation)} {shown(citation.quote)}", 3 * width(), placeholder=" …"
    )
    return _fill(text, "   ")


def mentioned(video: VideoMentions) -> str:
    """``longvid mentions``: a video with its count, its places in time order."""
    lines = [f"{shown(video.title)}  ({video.count})"]
    for place in video.mentions:
        who = f"{place.speaker}: " if place.speaker else ""
        text = textwrap.shorten(f"{_kind(place)} · {shown(who + place.text)}", 2 * width(), placeholder=" …")
        lines.append(f"{format_time(place.start_s):>7}  {text}")
    return "\n".join(lines)


def count_mentioned(count: int, videos: int, through: Searched | None = None) -> str:
    """What all of them come to; of none, what was looked through."""
    if not videos:
        return "\n".join(["Nowhere said or shown.", *([searched(through)] if through else [])])
    return f"{count} in {videos} video{'s' * (videos != 1)}"


def table(videos: VideoLines) -> str:
    """``longvid ls``: one line a video."""
    if not videos.video_ids:
        return "The library holds no videos yet: longvid index FOLDER"
    told = {each: f"  ({', '.join(each)})" if each else "" for each in set(videos.collections)}
    states = {each: f"  {each:10}  " for each in {*videos.states, "state"}}
    columns = (videos.video_ids, videos.durations_s, videos.states, videos.titles, videos.collections)
    rows = [
        f"{video_id:8.8}  {format_time(duration_s):>8}{states[state]}{title}{told[its]}"
        for video_id, duration_s, state, title, its in zip(*columns, strict=True)
    ]
    if shown(every := "".join(rows)) != every:
        rows = [*map(shown, rows)]
    return "\n".join([f"{'id':8}  {'length':>8}{states['state']}title", *rows])


def speakers(found: Sequence[SpeakerRow], transcript: TranscriptInfo | None) -> str:
    """``longvid speakers``: one line a speaker, then where the labels come from."""
    if not found:
        recognised = transcript is not None and transcript.source.startswith("speech:")
        why = "speech recognition names none" if recognised else "its subtitles name none"
        return f"No speakers are known: {why if transcript else 'it has no transcript'}."
    lines = [f"{'talk time':>9}  {'first':>7}  {'utterances':>10}  name"]
    for each in found:
        others = [label for label in each.labels if label != each.name]
        called = f"  ({', '.join(others)})" if others else ""
        lines.append(
            f"{format_time(each.talk_s):>9}  {format_time(each.first_s):>7}  {each.utterances:>10}  "
            f"{shown(each.name + called)}"
        )
    if transcript is not None and transcript.speakers_by:
        lines.append(f"told apart by their voices ({shown(transcript.speakers_by)}): check them")
    return "\n".join(lines)


def show(video: VideoDetails) -> str:
    """The table of contents of a video."""
    head = [f"{shown(video.title)}  ({format_time(video.duration_s)}, {video.video_id[:8]})"]
    head += [f"  {shown(path)}{_gone(path)}" for path in video.paths]
    counted = {
        "utterances": video.utterances,
        "slides": video.slides,
        "lines of screen text": video.screen_text,
    }
    if video.sounds:
        counted["sounds"] = video.sounds
    facts = "  " + " · ".join(f"{len(items)} {name}" for name, items in counted.items())
    if video.transcript_source:
        facts += f" · transcript: {shown(video.transcript_source)}"
    if video.translations:
        facts += f" · translations: {shown(', '.join(video.translations))}"
    if video.cut_short:
        facts += " · cut short: its file ends before its time"
    if video.sound_track:
        facts += f" · heard: sound track {shown(video.sound_track)}"
    head.append(facts)
    if video.summary:
        head += ["", _fill(shown(video.summary), "  ")]
    body: list[str] = []
    for event in video.events:
        body += ["", f"{_mark(event.segment)}  {shown(event.segment.title or 'Event')}"]
        if event.segment.summary:
            body.append(_fill(shown(event.segment.summary), "         "))
        if len(event.scenes) > 1:
            body += [
                f"  {_mark(scene.segment)}  {shown(scene.segment.title or 'Scene')}" for scene in event.scenes
            ]
    return "\n".join(head + body)


def _mark(segment: Segment) -> str:
    return f"{format_time(segment.start_s):>7}"


def report_line(report: IndexReport) -> str:
    """One line a file for ``longvid index``, its title cut to fit; an error is told to its end."""
    length = f" {format_time(report.duration_s)}" if report.duration_s is not None else ""
    if report.error is not None:
        return f"failed     {shown(f'{report.path}: {report.error.message}')}"
    seconds = sum(result.seconds for result in report.stages.values())
    cost = f"  in {seconds:.1f} s" if report.status in ("indexed", "renamed") else ""
    return f"{report.status:9}  {cut(report.title, 80 - 11 - len(length + cost))}{length}{cost}"


def left_out(found: LeftOut) -> tuple[str, str]:
    """What a run passed over for one reason: how many, why, what to do next, and the first few by name."""
    count = len(found.files)
    names = [Path(path).name for path in found.files[:_NAMED]]
    more = f" and {count - _NAMED} more" if count > _NAMED else ""
    return (
        f"left out   {count} file{'s' * (count != 1)}: {found.message} ({found.then})",
        f"           {shown(', '.join(names))}{more}",
    )


def _fill(text: str, indent: str = "") -> str:
    # A citation is one word, not broken between its title and its first time.
    whole = re.sub(
        r"\[[^\[\]]{1,400}? @ [^\[\];]{1,40}[\];]", lambda mark: mark.group().replace(" ", "\0"), text
    )
    filled = textwrap.fill(
        whole,
        width(),
        initial_indent=indent,
        subsequent_indent=indent,
        break_on_hyphens=False,
        break_long_words=False,
    )
    return filled.replace("\0", " ")
