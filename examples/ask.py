"""longvid from Python: index the example lectures, search them, ask a question, follow the citation.

Run it from the checkout: .venv/bin/python examples/ask.py [LIBRARY]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from longvid import Library

LECTURES = Path(__file__).parent / "lectures"


def main(library: Path) -> None:
    with Library.open(library, create=True) as lib:
        for report in lib.index(LECTURES, collection="course"):
            print(f"{report.status}: {report.title}")

        print("\nMoments for 'vector of partial derivatives':")
        for moment in lib.search("vector of partial derivatives", k=3, collection="course"):
            print(f"  {moment.title}  {moment.start_s:.1f}-{moment.end_s:.1f} s  {moment.evidence[0].text!r}")

        answer = lib.ask("Who will send the migration plan?")
        print(f"\n{answer.question}")
        for claim in answer.claims:
            print(f"  {claim.text}")
            for citation in claim.citations:
                print(
                    f"    {citation.path}#t={citation.start_s:.1f},{citation.end_s:.1f}  {citation.quote!r}"
                )

        assert not lib.ask("What is the capital of Australia?").found


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            main(Path(folder) / "library")
