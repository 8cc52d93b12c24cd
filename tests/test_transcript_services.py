"""Transcripts of many services and programs: whatever names and depths a writer chooses, what was said is read once."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from longvid_indexer.probe import probe
from longvid_indexer.said import said_in, to_utterances
from longvid_indexer.subtitles.building import unit_of
from longvid_indexer.subtitles.cue import LONGEST_S
from longvid_indexer.subtitles.json_transcripts import parse_json
from longvid_indexer.subtitles.reading import holds_transcript, parse_subtitles

WORDS = (
    "the",
    "pump",
    "valve",
    "filter",
    "leaks",
    "since",
    "friday",
    "we",
    "need",
    "another",
    "one",
    "noon",
    "café",
)


@dataclass(frozen=True)
class Said:
    """One sentence of one speaker, its words with their times."""

    who: int
    words: tuple[tuple[str, float, float], ...]

    @property
    def text(self) -> str:
        return " ".join(word for word, _, _ in self.words)

    @property
    def start(self) -> float:
        return self.words[0][1]

    @property
    def end(self) -> float:
        return self.words[-1][2]


def talk(seed: int) -> list[Said]:
    chosen = random.Random(seed)
    at, who, turns = 0.0, 0, []
    for _ in range(chosen.randint(3, 14)):
        words = []
        count = chosen.randint(2, 9)
        for number in range(count):
            text = chosen.choice(WORDS) + ("." if number == count - 1 else "")
            words.append((text, round(at, 3), round(at + 0.3, 3)))
            at += 0.35
        turns.append(Said(who, tuple(words)))
        who, at = 1 - who, at + chosen.uniform(0.2, 3.0)
    return turns


def ms(value: float) -> int:
    return round(value * 1000)


def clock(value: float) -> str:
    return f"{int(value) // 3600:02}:{int(value) // 60 % 60:02}:{value % 60:06.3f}"


def unpunctuated(turn: Said) -> list[tuple[str, float, float]]:
    return [(word.rstrip("."), a, b) for word, a, b in turn.words]


def amazon(talk: list[Said]) -> object:
    items: list[object] = []
    for t in talk:
        items += [{"type": "pronunciation", "start_time": str(a), "end_time": str(b), "speaker_label": f"spk_{t.who}",
                   "alternatives": [{"confidence": "0.9", "content": w}]} for w, a, b in unpunctuated(t)]  # fmt: skip
        items.append({"type": "punctuation", "alternatives": [{"confidence": "0.0", "content": "."}]})
    labels = {"segments": [{"start_time": str(t.start), "end_time": str(t.end), "speaker_label": f"spk_{t.who}",
                            "items": []} for t in talk]}  # fmt: skip
    transcripts = [{"transcript": " ".join(t.text for t in talk)}]
    results = {"language_code": "en-US", "transcripts": transcripts, "speaker_labels": labels, "items": items}
    return {"jobName": "x", "status": "COMPLETED", "results": results}


def google(talk: list[Said]) -> object:
    return {"results": [{"alternatives": [{"transcript": f" {t.text}", "words": [
        {"startTime": f"{a}s", "endTime": f"{b}s", "word": w, "speakerTag": t.who} for w, a, b in t.words]}],
        "resultEndTime": f"{t.end}s", "languageCode": "en-us"} for t in talk]}  # fmt: skip


def google_again(talk: list[Said]) -> object:
    """Its last result says every word once more, with the speakers."""
    told = [{"alternatives": [{"transcript": f" {t.text}", "words": [
        {"startTime": f"{a}s", "endTime": f"{b}s", "word": w} for w, a, b in t.words]}]} for t in talk]  # fmt: skip
    words = [{"startTime": f"{a}s", "endTime": f"{b}s", "word": w, "speakerTag": t.who} for t in talk
             for w, a, b in t.words]  # fmt: skip
    return {"results": [*told, {"alternatives": [{"words": words}]}]}


def calendar(talk: list[Said]) -> object:
    def at(value: float) -> str:
        return datetime.fromtimestamp(1.7e9 + value - talk[0].start, UTC).isoformat().replace("+00:00", "Z")

    return {"transcriptEntries": [{"speaker": ("Jane", "Tom")[t.who], "text": t.text, "startTime": at(t.start),
                                   "endTime": at(t.end)} for t in talk]}  # fmt: skip


def deepgram(talk: list[Said]) -> object:
    words = [{"word": w.rstrip("."), "punctuated_word": w, "start": a, "end": b, "speaker": t.who}
             for t in talk for w, a, b in t.words]  # fmt: skip
    paragraphs = [{"sentences": [{"text": t.text, "start": t.start, "end": t.end}], "speaker": t.who, "start": t.start,
                   "end": t.end} for t in talk]  # fmt: skip
    alternative = {"transcript": " ".join(t.text for t in talk), "words": words,
                   "paragraphs": {"paragraphs": paragraphs}}  # fmt: skip
    return {"metadata": {"duration": 9}, "results": {"channels": [{"alternatives": [alternative]}]}}


def assembly(talk: list[Said]) -> object:
    return {"id": "x", "status": "completed", "text": " ".join(t.text for t in talk), "audio_duration": 99,
            "words": [{"text": w, "start": ms(a), "end": ms(b), "speaker": "AB"[t.who]} for t in talk
                      for w, a, b in t.words],
            "chapters": [{"gist": "Pumps", "headline": "Of pumps", "start": 0, "end": ms(talk[-1].end)}],
            "utterances": [{"text": t.text, "start": ms(t.start), "end": ms(t.end), "speaker": "AB"[t.who], "words": [
                {"text": w, "start": ms(a), "end": ms(b)} for w, a, b in t.words]} for t in talk]}  # fmt: skip


def rev(talk: list[Said]) -> object:
    def elements(t: Said) -> list[object]:
        made: list[object] = []
        for w, a, b in unpunctuated(t):
            made += [{"type": "punct", "value": " "}] if made else []
            made.append({"type": "text", "value": w, "ts": a, "end_ts": b, "confidence": 0.9})
        return [*made, {"type": "punct", "value": "."}]

    return {"monologues": [{"speaker": t.who, "elements": elements(t)} for t in talk]}


def azure(talk: list[Said]) -> object:
    return {"recognizedPhrases": [{"recognitionStatus": "Success", "speaker": t.who, "offset": f"PT{t.start}S",
            "duration": f"PT{t.end - t.start:.3f}S", "offsetInTicks": round(t.start * 1e7), "nBest": [
                {"confidence": 0.9, "lexical": t.text.lower(), "display": t.text},
                {"confidence": 0.1, "display": "something else"}]} for t in talk]}  # fmt: skip


def azure_fast(talk: list[Said]) -> object:
    return {"combinedPhrases": [{"text": " ".join(t.text for t in talk)}], "phrases": [
        {"offsetMilliseconds": ms(t.start), "durationMilliseconds": ms(t.end - t.start), "text": t.text,
         "locale": "en-US", "speaker": t.who} for t in talk]}  # fmt: skip


def speechmatics(talk: list[Said]) -> object:
    results: list[object] = []
    for t in talk:
        results += [{"alternatives": [{"content": w, "speaker": f"S{t.who}"}], "start_time": a, "end_time": b,
                     "type": "word"} for w, a, b in unpunctuated(t)]  # fmt: skip
        results.append({"alternatives": [{"content": ".", "speaker": f"S{t.who}"}], "attaches_to": "previous",
                        "start_time": t.end, "end_time": t.end, "type": "punctuation"})  # fmt: skip
    return {"format": "2.9", "metadata": {"type": "transcription"}, "results": results}


def elevenlabs(talk: list[Said]) -> object:
    words: list[object] = []
    for t in talk:
        for w, a, b in t.words:
            words += [
                {"text": " ", "start": a, "end": a, "type": "spacing", "speaker_id": f"speaker_{t.who}"}
            ] * bool(words)
            words.append({"text": w, "start": a, "end": b, "type": "word", "speaker_id": f"speaker_{t.who}"})
    return {"language_code": "eng", "text": " ".join(t.text for t in talk), "words": words}


def watson(talk: list[Said]) -> object:
    return {"results": [{"final": True, "alternatives": [{"transcript": f"{t.text} ", "timestamps": [
                [w, a, b] for w, a, b in t.words]}]} for t in talk],
            "speaker_labels": [{"from": a, "to": b, "speaker": t.who} for t in talk for _, a, b in t.words],
            }  # fmt: skip


def premiere(talk: list[Said]) -> object:
    return {"language": "en-us", "speakers": [{"id": "0aaf", "name": "Jane"}, {"id": "1bbe", "name": "Tom"}],
            "segments": [{"speaker": ("0aaf", "1bbe")[t.who], "start": t.start, "duration": t.end - t.start, "words": [
                {"text": w, "start": a, "duration": round(b - a, 3), "eos": False} for w, a, b in t.words]}
                for t in talk]}  # fmt: skip


def amberscript(talk: list[Said]) -> object:
    return {"filename": "talk.mp3", "speakers": [{"spkid": "spk1", "name": "Jane"}, {"spkid": "spk2", "name": "Tom"}],
            "segments": [{"speaker": f"spk{t.who + 1}", "words": [
                {"text": w, "start": a, "end": b, "duration": round(b - a, 3), "conf": 0.9} for w, a, b in t.words]}
                for t in talk]}  # fmt: skip


def meeting_program(talk: list[Said]) -> object:
    return {"transcript": [{"speaker": {"display_name": ("Jane", "Tom")[t.who], "email": None}, "text": t.text,
                            "timestamp": clock(t.start)} for t in talk]}  # fmt: skip


def timeline(talk: list[Said]) -> object:
    return {"timeline": [{"text": t.text, "ts": clock(t.start), "end_ts": clock(t.end),
                          "users": [{"username": ("Jane", "Tom")[t.who]}]} for t in talk]}  # fmt: skip


def insights(talk: list[Said]) -> object:
    return {"videos": [{"insights": {"speakers": [{"id": 0, "name": "Jane"}, {"id": 1, "name": "Tom"}], "transcript": [
        {"id": n, "text": t.text, "speakerId": t.who, "instances": [{"start": f"0:{clock(t.start)[3:]}",
         "end": f"0:{clock(t.end)[3:]}"}]} for n, t in enumerate(talk)]}}]}  # fmt: skip


def hyperaudio(talk: list[Said]) -> object:
    return {"words": [{"start": a, "duration": round(b - a, 3), "text": w} for t in talk for w, a, b in t.words],
            "paragraphs": [{"speaker": ("Jane", "Tom")[t.who], "start": t.start, "end": t.end} for t in talk],
            }  # fmt: skip


def lines(talk: list[Said]) -> str:
    return "\n".join(json.dumps({"start": t.start, "end": t.end, "text": t.text, "spk": t.who}) for t in talk)


def vosk(talk: list[Said]) -> object:
    return [{"result": [{"conf": 1.0, "word": w, "start": a, "end": b} for w, a, b in t.words], "text": t.text}
            for t in talk]  # fmt: skip


def youtube_api(talk: list[Said]) -> object:
    return [{"text": t.text, "start": t.start, "duration": t.end - t.start} for t in talk]


def recall(talk: list[Said]) -> object:
    return [{"participant": {"id": t.who, "name": ("Jane", "Tom")[t.who]},
             "words": [{"text": w, "start_timestamp": {"relative": a, "absolute": "2026-01-01T10:00:00Z"},
                        "end_timestamp": {"relative": b}} for w, a, b in t.words]} for t in talk]  # fmt: skip


def table(talk: list[Said]) -> str:
    rows = [f"{clock(t.start).replace('.', ',')};{('Jana', 'Tom')[t.who]};{t.text}" for t in talk]
    return "\n".join(["Beginn;Sprecher;Text", *rows])


def annotations(talk: list[Said]) -> str:
    rows = [f'{("Jana", "Tom")[t.who]},{clock(t.start)},{clock(t.end)},"{t.text}"' for t in talk]
    return "\n".join(["tier,begin,end,annotation", *rows])


def teams_metadata(talk: list[Said]) -> str:
    return "WEBVTT\n\n" + "\n\n".join(
        f"{clock(t.start)} --> {clock(t.end)}\n"
        + json.dumps({"startDateTime": "2026-01-01T10:00:00Z", "speakerName": ("Jane", "Tom")[t.who],
                      "spokenText": t.text, "spokenLanguage": "en-us"})
        for t in talk
    )  # fmt: skip


def turns(talk: list[Said]) -> object:
    return {"turns": [{"speaker": {"name": ("Jane", "Tom")[t.who]}, "words": t.text,
                       "start_time": ms(t.start), "end_time": ms(t.end)} for t in talk]}  # fmt: skip


def kaltura(talk: list[Said]) -> object:
    return {"objects": [{"startTime": ms(t.start), "endTime": ms(t.end), "content": [{"text": t.text}]}
                        for t in talk]}  # fmt: skip


def gong(talk: list[Said]) -> object:
    return {"callTranscripts": [{"transcript": [
        {"speakerId": f"x{t.who}", "sentences": [{"start": ms(t.start), "end": ms(t.end), "text": t.text}]}
        for t in talk]}]}  # fmt: skip


JSON: list[tuple[Callable[[list[Said]], object], tuple[str | None, str | None]]] = [
    (amazon, ("spk_0", "spk_1")), (google, ("Speaker 0", "Speaker 1")), (deepgram, ("Speaker 0", "Speaker 1")),
    (assembly, ("A", "B")), (rev, ("Speaker 0", "Speaker 1")), (azure, ("Speaker 0", "Speaker 1")),
    (azure_fast, ("Speaker 0", "Speaker 1")), (speechmatics, ("S0", "S1")), (elevenlabs, ("speaker_0", "speaker_1")),
    (watson, ("Speaker 0", "Speaker 1")), (premiere, ("Jane", "Tom")), (amberscript, ("Jane", "Tom")),
    (meeting_program, ("Jane", "Tom")),
    (timeline, ("Jane", "Tom")), (insights, ("Jane", "Tom")), (hyperaudio, ("Jane", "Tom")),
    (lines, ("Speaker 0", "Speaker 1")), (vosk, (None, None)), (youtube_api, (None, None)),
    (kaltura, (None, None)), (gong, ("x0", "x1")), (recall, ("Jane", "Tom")),
    (google_again, ("Speaker 0", "Speaker 1")), (calendar, ("Jane", "Tom")), (table, ("Jana", "Tom")),
    (annotations, ("Jana", "Tom")), (teams_metadata, ("Jane", "Tom")), (turns, ("Jane", "Tom")),
]  # fmt: skip


@pytest.mark.parametrize(("write", "names"), JSON, ids=[write.__name__ for write, _ in JSON])
def test_every_service_is_read_alike(
    write: Callable[[list[Said]], object], names: tuple[str | None, str | None], tmp_path: Path
) -> None:
    for seed in range(12):
        said = talk(seed)
        written = write(said)
        text = written if isinstance(written, str) else json.dumps(written)
        found = to_utterances(parse_subtitles(text), None)
        # Where nobody is named, a pause parts what is said; with names, the turn does too.
        assert " ".join(u.text for u in found) == " ".join(t.text for t in said)
        assert [u.speaker for u in found] == [names[t.who] for t in said]
        assert [u.start_s for u in found] == pytest.approx([t.start for t in said], abs=0.0011)
        assert all(u.start_s < u.end_s <= t.end + 6 for u, t in zip(found, said, strict=True))
    path = tmp_path / "talk.json"
    path.write_text(text)
    assert holds_transcript(path, alone=True)


@pytest.mark.parametrize(
    "document",
    [
        {"name": "app", "version": "1.0", "dependencies": {"left": {"start": "1", "text": "x"}}},
        {"comments": [{"id": "1", "text": "Nice talk!", "timestamp": 1_700_000_000, "author": "kim"}] * 3},
        [{"time": 1, "text": "deploy"}, {"time": 2, "text": "rollback"}],
        {
            "chapters": [{"start_time": 0, "end_time": 9, "title": "Intro"}],
            "formats": [{"format": "mp4", "fps": 25}],
        },
        {"events": [{"name": "click", "time": 3}]},
        {"layers": [{"nm": "a", "ip": 0, "op": 60, "t": {"d": 1}}]},
        [{"start": 0, "end": 3, "area": 5}],
    ],
)
def test_other_json_is_no_transcript(document: object, tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    path.write_text(json.dumps(document))
    assert not holds_transcript(path, alone=True)


def test_one_voice_of_several_channels_and_guesses_is_said_once() -> None:
    word = {"word": "yes", "punctuated_word": "Yes.", "start": 0.5, "end": 0.9}
    other = {"word": "no", "punctuated_word": "No.", "start": 1.5, "end": 1.9}
    channels = [{"alternatives": [{"words": [each]}, {"words": [{**each, "punctuated_word": "Guess."}]}]}
                for each in (word, other)]  # fmt: skip
    found = to_utterances(parse_subtitles(json.dumps({"results": {"channels": channels}})), None)
    assert [(u.start_s, u.text) for u in found] == [(0.5, "Yes."), (1.5, "No.")]


def test_a_number_is_milliseconds_where_nobody_could_speak_so_slowly() -> None:
    assert unit_of([(0, 2500, 20), (2500, 5000, 18)]) == 0.001
    assert unit_of([(0, 3, 20), (3, 5, 18), (5, 60, 4)]) == 1.0
    assert unit_of([(0.0, 250.5, 4)]) == 1.0  # a fraction is no millisecond
    assert unit_of([]) == 1.0


NAMED = [(1.0, "Jane", "The pump leaks."), (5.0, "Tom", "Yes, it does."), (63.0, "Jane", "Good.")]
PLAIN = [(at, None, text) for at, _, text in NAMED]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[00:01.000 --> 00:05.000]  The pump leaks.\n[00:05.000 --> 00:09.000]  Yes, it does.\n"
         "[01:03.000 --> 01:04.000]  Good.\n", PLAIN),
        ("[00:00:01.000 --> 00:00:05.000]   The pump leaks.\n[00:00:05.000 --> 00:00:09.000]   Yes, it does.\n"
         "[00:01:03.000 --> 00:01:04.000]   Good.\n", PLAIN),
        ("**Jane:** [00:00:01] The pump leaks.\n\n**Tom:** [00:00:05] Yes, it does.\n\n"
         "**Jane:** [00:01:03] Good.\n", NAMED),
        ("Jane: [00:00:01] The pump leaks.\nTom: [00:00:05] Yes, it does.\nJane: [00:01:03] Good.\n", NAMED),
        ("Weekly.mp4\n\nJane [00:00:01] The pump leaks.\n\nTom [00:00:05] Yes, it does.\n\nJane [00:01:03] Good.\n",
         NAMED),
        ("Jane [00:01]: The pump leaks.\nTom [00:05]: Yes, it does.\nJane [01:03]: Good.\n", NAMED),
        ("00:00:01:05 - 00:00:04:10\nSpeaker 1\nThe pump leaks.\n\n"
         "00:00:05:00 - 00:00:08:00\nSpeaker 2\nYes, it does.\n",
         [(1.0, "Speaker 1", "The pump leaks."), (5.0, "Speaker 2", "Yes, it does.")]),
        ("00;00;01;05 - 00;00;04;10\nJane\nThe pump leaks.\n\n00;00;05;00 - 00;00;08;00\nTom\nYes, it does.\n\n"
         "00;01;03;00 - 00;01;04;00\nJane\nGood.\n\n00;01;05;00 - 00;01;06;00\nTom\nBye.\n",
         [*NAMED, (65.0, "Tom", "Bye.")]),
        ("0:01\n1 second\nThe pump leaks.\n0:05\n5 seconds\nYes, it does.\n1:03\n1 minute, 3 seconds\nGood.\n", PLAIN),
        ("0:01\n1 Sekunde\nThe pump leaks.\n0:05\n5 Sekunden\nYes, it does.\n"
         "1:03\n1 Minute, 3 Sekunden\nGood.\n", PLAIN),
        ("[10:01:03 AM] Jane: The pump leaks.\n[10:01:07 AM] Tom: Yes, it does.\n[10:02:05 AM] Jane: Good.\n",
         [(at - 1, who, text) for at, who, text in NAMED]),
        ("[11:59:58 PM] Jane: The pump leaks.\n[12:00:02 AM] Tom: Yes, it does.\n[12:01:00 AM] Jane: Good.\n",
         [(at - 1, who, text) for at, who, text in NAMED]),
        ("Jane Miller  10:01 AM\nThe pump leaks.\n\nTom Stone  10:02 AM\nYes, it does.\n",
         [(0.0, "Jane Miller", "The pump leaks."), (60.0, "Tom Stone", "Yes, it does.")]),
        ("1 00:00:01:00 00:00:03:00 The pump leaks.\n2 00:00:05:00 00:00:06:00 Yes,\nit does.\n"
         "3 00:01:03:00 00:01:04:00 Good.\n", PLAIN),
        ("$FontName = Arial\n\n00:00:01:00 , 00:00:03:00 , The pump leaks.\n00:00:05:00 , 00:00:06:00 , Yes,|it does.\n"
         "00:01:03:00 , 00:01:04:00 , Good.\n", PLAIN),
        ("<begin subtitles>\n\n00:00:01:00 00:00:03:00\nThe pump leaks.\n\n00:00:05:00 00:00:06:00\nYes, it does.\n\n"
         "00:01:03:00 00:01:04:00\nGood.\n\n<end subtitles>\n", PLAIN),
        ("Weekly-20240304_100000-Meeting Recording\nMarch 4, 2024, 9:00AM\n32m 10s\n\n"
         "Miller, Jane started transcription\n\n"
         "Miller, Jane   0:01\nThe pump leaks.\n\nTom   0:05\nYes,\nit does.\n\nMiller, Jane   1:03\nGood.\n\n"
         "Miller, Jane stopped transcription\n",
         [(at, "Miller, Jane" if who == "Jane" else who, text) for at, who, text in NAMED]),
        ("Jane  0:01  \nThe pump leaks.\n\nTom  0:05  \nYes, it does.\n\nJane  1:03  \nGood.\n\n"
         "Transcribed by https://otter.ai\n", NAMED),
        ("Jane (00:00:01.000 - 00:00:04.500)\nThe pump leaks.\n\nTom (00:00:05.000 - 00:00:06.000)\nYes, it does.\n\n"
         "Jane (00:01:03.000 - 00:01:04.000)\nGood.\n", NAMED),
        ("[1.00s -> 4.20s] The pump leaks.\n[5.00s -> 8.50s] Yes, it does.\n[63.00s -> 64.10s] Good.\n", PLAIN),
        ("1.0s - 4.2s Jane: The pump leaks.\n5.0s - 8.5s Tom: Yes, it does.\n63.0s - 64.1s Jane: Good.\n", NAMED),
        ("Jane\n00:01\nThe pump leaks.\n\nTom\n00:05\nYes, it does.\n\nJane\n01:03\nGood.\n", NAMED),
        ("00:01\nJane\nThe pump leaks.\n\n00:05\nTom\nYes, it does.\n\n01:03\nJane\nGood.\n", NAMED),
        ("Jane\t0:01\tThe pump leaks.\nTom\t0:05\tYes, it does.\nJane\t1:03\tGood.\n", NAMED),
        ("Jane: [00:00:01] The pump leaks.\nTom: [00:00:05] Yes, it does. [00:00:09] It is bad.\n",
         [*NAMED[:2], (9.0, "Tom", "It is bad.")]),
    ],
)  # fmt: skip
def test_text_with_times_of_many_programs(
    text: str, expected: list[tuple[float, str | None, str]], tmp_path: Path
) -> None:
    found = to_utterances(parse_subtitles(text), None)
    assert [(round(u.start_s), u.speaker, u.text) for u in found] == expected
    path = tmp_path / "talk.txt"
    path.write_text(text)
    assert holds_transcript(path)
    if holds_transcript(path, alone=True):  # whatever its name says
        assert probe(path.rename(tmp_path / "talk.md"), "id").media_type == "transcript"


def test_several_who_speak_below_one_time_share_it_by_length() -> None:
    text = (
        "Attendees\nJane, Tom\n\nTranscript\n\n00:00:00\n\nJane Miller: The pump leaks.\nTom Stone: Yes, it does.\n"
        "And badly.\n\n00:05:00\n\nJane Miller: Good.\nTom Stone: Bye.\n"
    )
    found = to_utterances(parse_subtitles(text), None)
    assert [(u.speaker, u.text) for u in found] == [
        ("Jane Miller", "The pump leaks."), ("Tom Stone", "Yes, it does. And badly."), ("Jane Miller", "Good."),
        ("Tom Stone", "Bye."),
    ]  # fmt: skip
    starts = [u.start_s for u in found]
    assert starts == sorted(set(starts))
    assert (starts[0], starts[2]) == (0.0, 300.0)


JUNK = """null true -1 0 1e40 1e308 NaN Infinity "" "PT" "1e9s" "99:99:99" "9999999999999999999" [] {} [[]] [null]
    {"start":1} "text" [1,2,3] {"words":[{"words":[]}]}""".split()  # noqa: SIM905 - as it stands in the file


def broken(document: object, chosen: random.Random) -> object:
    """The document with something odd in a random place."""
    node = document
    while isinstance(node, (dict, list)) and node:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        key = chosen.choice(keys)
        inner = node[key]
        if not isinstance(inner, (dict, list)) or not inner or chosen.random() < 0.3:
            node[key] = json.loads(chosen.choice(JUNK))
            break
        node = inner
    return document


@pytest.mark.parametrize("part", range(4))
def test_two_thousand_broken_documents_are_read_as_far_as_they_go(part: int) -> None:
    writers = [write for write, _ in JSON if write is not lines]
    for seed in range(500 * part, 500 * (part + 1)):
        chosen = random.Random(seed)
        document = json.loads(json.dumps(chosen.choice(writers)(talk(seed % 7)[:4])))
        for _ in range(chosen.randint(1, 3)):
            document = broken(document, chosen)
        for u in to_utterances(parse_subtitles(json.dumps(document)), None):
            assert 0 <= u.start_s < u.end_s <= 2 * LONGEST_S
            assert u.text.strip()


def test_half_a_letter_is_none_and_whole_ones_stay() -> None:
    """``\\ud83d`` without its other half can be neither stored nor printed."""
    said = r'"text": "The \ud83d pump \ud83d\ude00 leaks \\ud83d.", "speaker": "\udfff"'
    (found,) = to_utterances(parse_json(f'{{"segments": [{{"start": 0, "end": 2, {said}}}]}}'), None)
    assert found.text == "The \ufffd pump \U0001f600 leaks \\ud83d."
    f"{found.text} {found.speaker}".encode()


def test_a_servers_log_is_no_transcript(tmp_path: Path) -> None:
    path = tmp_path / "server.txt"
    lines = [f"[10:02:{at:02}] INFO request {at} took a while and was done" for at in range(9)]
    path.write_text("\n".join(lines))
    assert not holds_transcript(path, alone=True)
    path.write_text("\n".join(lines).replace("INFO", "Jane:"))
    assert holds_transcript(path, alone=True)


TWO = [(0, 2, "Hello."), (2, 4, "Bye.")]


@pytest.mark.parametrize(
    "document",
    [
        {
            str(number): {"start": start, "end": end, "text": text}
            for number, (start, end, text) in enumerate(TWO)
        },
        [{"start": f"{start}000", "end": f"{end}000", "text": text} for start, end, text in TWO],
        [{"startMs": f"{start}000", "endMs": f"{end}000", "text": text} for start, end, text in TWO],
    ],
)
def test_stretches_under_their_numbers_and_numbers_in_quotes(document: object) -> None:
    read = parse_subtitles(json.dumps(document))
    assert [(cue.start_s, cue.end_s, cue.lines[0].text) for cue in read.cues] == TWO


@pytest.mark.parametrize("text", ["0", "null", '"a word"', "true", "1\n2\n", "[0]", "[[0]]", "{}"])
def test_json_that_is_no_document_holds_no_speech(text: str) -> None:
    assert parse_json(text).cues == []


@pytest.mark.parametrize("form", ["00:0{}\n{}\n\n", "{0}\n00:00:0{0},000 --> 00:00:0{0},900\n{1}\n\n"])
def test_what_a_service_writes_into_a_transcript_is_not_said(form: str) -> None:
    said = [
        "[Auto-generated transcript. Edits may have been applied for clarity.]\nThe old pump is leaking.",
        "We need [inaudible 00:00:05] a new one.",
        "[crosstalk 00:00:07]",
        "I will order it.",
    ]
    text = "".join(form.format(2 * number + 1, line) for number, line in enumerate(said))
    told = [each.text for each in said_in(parse_subtitles(text), "en")[0]]
    assert told == ["The old pump is leaking.", "We need [inaudible] a new one.", "I will order it."]


def test_who_speaks_within_one_minute_of_a_clock_speaks_one_after_the_other() -> None:
    turns = [("10:01 AM", "Jane", "The old pump is leaking since Friday."), ("10:01 AM", "Tom", "It is."),
             ("10:02 AM", "Jane", "Who calls the vendor?")]  # fmt: skip
    text = "".join(f"{name} Stone (External)  {at}\n{said}\n\n" for at, name, said in turns)
    cues = parse_subtitles(text).cues
    assert [cue.lines[0].speaker for cue in cues] == [f"{name} Stone (External)" for _, name, _ in turns]
    assert cues[0].start_s == 0.0
    assert cues[0].end_s <= cues[1].start_s < cues[1].end_s <= cues[2].start_s == 60.0


def test_a_meetings_chat_names_who_wrote() -> None:
    text = (
        "10:01:03\t From Jane Miller to Everyone:\n\tHello, can you hear me?\n"
        "10:02:10\t From Tom Stone to Jane Miller (Direct Message):\n\tYes, loud and clear.\n"
        "10:03:00\t From Jane Miller to Everyone:\n\tGreat.\n"
    )
    read = parse_subtitles(text)
    assert [cue.lines[0].speaker for cue in read.cues] == ["Jane Miller", "Tom Stone", "Jane Miller"]
    assert "it is the chat of a meeting: its lines were written, and nobody said them" in read.remarks


@pytest.mark.parametrize(
    "line", ["00:{n:02}:27\t{who}:\t{said}\n", "10:{n:02}:27\t From  {who} : {said}\n",
             "10:{n:02}:27\t From  {who}  to  Ada Long(Privately) : {said}\n"]
)  # fmt: skip
def test_older_and_recorded_chats_are_told_as_what_nobody_said(line: str) -> None:
    sent = [("Jane Miller", "Hello, can you hear me?"), ("Tom Stone", "Yes, loud and clear."),
            ("Jane Miller", "Then we begin with the pump.")]  # fmt: skip
    text = "".join(line.format(n=n, who=who, said=said) for n, (who, said) in enumerate(sent))
    read = parse_subtitles(text)
    assert [(cue.lines[0].speaker, cue.lines[0].text) for cue in read.cues] == sent
    assert "it is the chat of a meeting: its lines were written, and nobody said them" in read.remarks


def test_a_name_behind_a_counter_in_the_name_of_a_cue_is_who_speaks() -> None:
    who = ["Jane Miller", "Tom Stone", "Jane Miller"]
    text = "WEBVTT\n\n" + "".join(
        f"{n} - {name}\n00:0{n}.000 --> 00:0{n}.900\nThe pump is leaking again.\n\n"
        for n, name in enumerate(who, 1)
    )
    assert [cue.lines[0].speaker for cue in parse_subtitles(text).cues] == who


def test_what_a_meeting_program_noted_is_not_said() -> None:
    """As Fathom's transcripts have it."""
    link = "https://fathom.video/share/x?timestamp=62.5"
    text = (
        f"Budget call - 24 March\nVIEW RECORDING - 45 mins (No highlights): {link}\n\n---\n\n"
        "0:00 - Jane Miller (ACME)\n  The old pump is leaking since Friday.\n\n"
        "1:02 - Tom Stone\n  I will order a new one, and I call the vendor.\n"
        f"  ACTION ITEM: Order a new pump before Friday - WATCH: {link}\n"
        f"  HIGHLIGHT: The pump leaks - WATCH: {link}\n\n"
        f"SCREEN SHARING: Jane started screen sharing - WATCH: {link}\n\n"
        "1:30 - Jane Miller (ACME)\n  Good. WATCH: the new film is about pumps.\n"
    )
    read = parse_subtitles(text)
    assert [(cue.start_s, cue.lines[0].speaker, cue.lines[0].text) for cue in read.cues] == [
        (0.0, "Jane Miller (ACME)", "The old pump is leaking since Friday."),
        (62.0, "Tom Stone", "I will order a new one, and I call the vendor."),
        (90.0, "Jane Miller (ACME)", "Good. WATCH: the new film is about pumps."),
    ]
    (noted, *_) = read.remarks
    assert noted == (
        "the meeting program noted, and nobody said: ACTION ITEM: Order a new pump before Friday;"
        " HIGHLIGHT: The pump leaks; SCREEN SHARING: Jane started screen sharing"
    )
