"""What two versions of longvid read in the same files: no video lost, and every change counted by its reason.

    PYTHONPATH=OLD:OLD/indexer:OLD/storage:OLD/agents python benchmarks/reread.py read before.json ../shared/data/videos
    python benchmarks/reread.py read after.json ../shared/data/videos ../shared/data/meetings
    python benchmarks/reread.py compare before.json after.json

``read`` finds files as ``longvid index`` does and keeps each one's utterances, without models (nothing is
recognised). ``compare`` prints how many videos are lost and new, how many utterances are otherwise, and
counts them by the notes that only the later version has on their file, ``no note`` where it has none. Exit status 1
when a video is lost or something changed without a note.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from longvid_indexer.probe import probe
from longvid_indexer.scan import scan
from longvid_indexer.transcript import make_transcript
from longvid_storage.errors import LongvidError

Read = dict[str, dict[str, Any]]


def read(places: list[Path]) -> Read:
    """Path → what is said in it, and the notes on it; or the error."""
    found: Read = {}
    for item in scan(places):
        try:
            if item.error is not None:
                raise item.error
            made = make_transcript(item.path, probe(item.path, "id"), None, item.beside)
        except LongvidError as error:
            found[str(item.path)] = {"error": error.code}
            continue
        found[str(item.path)] = {
            "utterances": [
                [round(u.start_s, 3), round(u.end_s, 3), u.speaker, u.text] for u in made.utterances
            ],
            "notes": list(made.notes),
        }
    return found


def compare(before: Read, after: Read) -> int:
    """Print the differences; the exit status."""
    lost = [
        path for path in before if "error" not in before[path] and "error" in after.get(path, {"error": ""})
    ]
    new = [
        path for path in after if "error" not in after[path] and "error" in before.get(path, {"error": ""})
    ]
    print(
        f"videos: {len(before)} before, {len(after)} after, {len(lost)} lost, {len(new)} that failed before"
    )
    reasons: Counter[str] = Counter()
    for path, was in before.items():
        if path in lost or "error" in was:
            continue
        old, now = (Counter(map(str, told["utterances"])) for told in (was, after[path]))
        changed = max((old - now).total(), (now - old).total())
        notes = [note for note in after[path]["notes"] if note not in was["notes"]] or ["no note"]
        reasons.update(dict.fromkeys(notes[:1], changed) if changed else {})
    total = sum(len(told.get("utterances", ())) for told in after.values())
    print(f"utterances: {total}, {sum(reasons.values())} otherwise than before")
    for reason, times in reasons.most_common():
        print(f"  {times:6}  {reason}")
    return int(bool(lost) or bool(reasons["no note"]))


def main() -> int:
    """Read, or compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("do", choices=("read", "compare"))
    parser.add_argument("file", type=Path)
    parser.add_argument("others", type=Path, nargs="+")
    given = parser.parse_args()
    if given.do == "compare":
        return compare(*(json.loads(path.read_text("utf-8")) for path in (given.file, given.others[0])))
    found = read(given.others)
    given.file.write_text(json.dumps(found, ensure_ascii=False), "utf-8")
    print(f"{len(found)} files, {sum(len(told.get('utterances', ())) for told in found.values())} utterances")
    return 0


if __name__ == "__main__":
    sys.exit(main())
