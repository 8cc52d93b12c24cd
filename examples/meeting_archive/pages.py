"""The product's pages: plain HTML, every word of a recording escaped."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from urllib.parse import urlencode

from archive import User

from longvid import Answer, Citation, Moment
from longvid_storage.text.timecode import format_time
from longvid_storage.types import Utterance

_STYLE = """body{font:16px/1.5 system-ui;max-width:46rem;margin:2rem auto;padding:0 1rem}
input{font:inherit;padding:.3rem}li{margin:.6rem 0}mark{background:#ffe58a}
header{display:flex;justify-content:space-between}"""


def page(title: str, body: str, user: User | None = None) -> str:
    """A whole page."""
    who = (
        f"<form method=post action=/logout>{html.escape(user.person)} ({html.escape(user.tenant)}) "
        "<button>Log out</button></form>"
        if user
        else ""
    )
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{html.escape(title)}</title><style>{_STYLE}</style>"
        f"<header><a href=/>Meeting archive</a>{who}</header><main><h1>{html.escape(title)}</h1>{body}</main></html>"
    )


def login(problem: str = "") -> str:
    """The form to log in by."""
    told = f"<p role=alert>{html.escape(problem)}</p>" if problem else ""
    return page(
        "Log in",
        f"{told}<form method=post action=/login><label>Company <input name=tenant required></label> "
        "<label>Name <input name=login required autocomplete=username></label> "
        "<label>Password <input name=password type=password required autocomplete=current-password></label> "
        "<button>Log in</button></form>"
        "<p>alder: maya, jonas, priya, otto. birch: ines, samir, lena. Password: demo.</p>",
    )


def home(user: User, titles: Sequence[tuple[str, str]], question: str = "", found: str = "") -> str:
    """The search box, what was found, and the user's meetings as (video id, title)."""
    mine = "".join(f"<li><a href='{_link(v, 0)}'>{html.escape(title)}</a>" for v, title in titles)
    box = (
        f"<form action=/><input name=q size=44 value='{html.escape(question, quote=True)}' "
        "aria-label=Question required> <button>Ask</button></form>"
    )
    return page("Your meetings", f"{box}{found}<h2>Meetings you attended</h2><ul>{mine}</ul>", user)


def answered(answer: Answer, moments: Iterable[Moment]) -> str:
    """The answer with links to where it is said, then the moments that search finds."""
    if answer.found:
        said = "".join(f"<li>{html.escape(c.text)} {_cited(c.citations)}" for c in answer.claims)
        told = f"<ul>{said}</ul>"
    else:
        told = f"<p>{html.escape(answer.answer)}</p>"
    also = "".join(
        f"<li><a href='{_link(m.video_id, m.play_s)}'>{html.escape(m.title)} @ {format_time(m.play_s)}</a> "
        f"{html.escape(m.evidence[0].text if m.evidence else '')}"
        for m in moments
    )
    return f"<h2>Answer</h2>{told}<h2>Moments</h2><ol>{also}</ol>"


def meeting(user: User, title: str, said: Sequence[Utterance], at_s: float) -> str:
    """What is said in a meeting; the line at the second asked for is marked."""
    lines = []
    for each in said:
        text = (
            f"{format_time(each.start_s)} <b>{html.escape(each.speaker or '')}</b> {html.escape(each.text)}"
        )
        here = each.start_s <= at_s < each.end_s
        lines.append(f"<li id=here><mark>{text}</mark>" if here else f"<li>{text}")
    return page(title, f"<ul>{''.join(lines)}</ul>", user)


def _cited(citations: Iterable[Citation]) -> str:
    return " ".join(
        f"<a href='{_link(c.video_id, c.play_s)}'>{html.escape(c.title)} @ {format_time(c.play_s)}</a>"
        for c in citations
    )


def _link(video_id: str, start_s: float) -> str:
    return f"/meetings/{html.escape(video_id, quote=True)}?{urlencode({'t': f'{start_s:.3f}'})}#here"
