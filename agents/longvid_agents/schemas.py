"""JSON schemas of the replies that ``longvid_agents.replies`` reads, for models that can be held to one.

Every key is required and no other is allowed, as servers with strict schemas want it.
"""

from __future__ import annotations

from typing import Any

from longvid_agents.route import KINDS

_TEXT = {"type": "string"}
_NUMBER = {"type": "integer"}
_FLAG = {"type": "boolean"}


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


DRAFTS = _object(complete=_FLAG, claims=_list(_object(text=_TEXT, evidence=_list(_TEXT))))
VERDICTS = _object(verdicts=_list(_object(claim=_NUMBER, supported=_FLAG)))
SEEN = _object(seen=_list(_object(frame=_NUMBER, text=_TEXT)))
PLAN = _object(kind={"type": "string", "enum": list(KINDS)}, questions=_list(_TEXT))
