"""The eight roles as data: where the table of each lies, what it is for, and what is lost without it."""

from __future__ import annotations

from dataclasses import dataclass

from longvid_storage.errors import UsageError
from longvid_storage.models.model_record import Role


@dataclass(frozen=True, slots=True)
class RoleInfo:
    """One role.

    Attributes:
        role: its short name, as in ``--model ROLE=SPEC`` and ``longvid.toml``.
        title: for people.
        module: where its table of records and its ``ADAPTERS`` (short name → ``"module:class"``) lie.
        table: the name of the table there.
        engine: the property of ``Engines`` that holds what runs.
        lost: what does not work while the role is off.
        automatic: whether ``auto`` takes a model whose weights are here; else the role is off until configured.
        indexes: whether indexing uses it.
        otherwise: another way to one than fetching weights, as ``longvid doctor`` puts it; empty for none.
    """

    role: Role
    title: str
    module: str
    table: str
    engine: str
    lost: str
    automatic: bool = True
    indexes: bool = True
    otherwise: str = ""


ROLES: dict[str, RoleInfo] = {
    info.role: info
    for info in (
        RoleInfo(
            "speech",
            "speech",
            "longvid_indexer.transcriber",
            "TRANSCRIBERS",
            "transcriber",
            "videos without subtitles have no transcript",
        ),
        RoleInfo(
            "speakers",
            "speakers",
            "longvid_indexer.diariser",
            "DIARISERS",
            "diariser",
            "only subtitles tell who speaks",
        ),
        RoleInfo(
            "sound",
            "sounds",
            "longvid_indexer.sound_tagger",
            "SOUND_TAGGERS",
            "sound_tagger",
            "applause, laughter and music are found only where subtitles describe them",
        ),
        RoleInfo(
            "screen",
            "screen text",
            "longvid_indexer.screen_reader",
            "SCREEN_READERS",
            "screen_reader",
            "text on slides is not found",
        ),
        RoleInfo(
            "image",
            "pictures",
            "longvid_storage.models.image_encoder",
            "IMAGE_ENCODERS",
            "image_encoder",
            "pictures are not searched, only what is said and written",
        ),
        RoleInfo(
            "text",
            "text",
            "longvid_storage.models.text_encoder",
            "TEXT_ENCODERS",
            "text_encoder",
            "search is by words only, not by meaning",
        ),
        RoleInfo(
            "rerank",
            "rerank",
            "longvid_storage.models.reranker",
            "RERANKERS",
            "reranker",
            "moments keep the order of search",
            automatic=False,
            indexes=False,
        ),
        RoleInfo(
            "video_lm",
            "answers",
            "longvid_agents.video_lm",
            "VIDEO_LMS",
            "video_lm",
            "answers quote the best evidence (extractive)",
            automatic=False,
            indexes=False,
            otherwise="a server's: --model video_lm=openai:NAME",
        ),
    )
}
"""By short name, in the order in which a video meets them."""


def role_named(name: str, where: str) -> Role:
    """The role of that short name; ``where`` names the file that says it, empty for the caller.

    Raises:
        UsageError: there is none.
    """
    if name not in ROLES:
        inside = f" (in {where})" if where else ""
        raise UsageError(f"there is no role {name!r}{inside}: the roles are {', '.join(ROLES)}")
    return ROLES[name].role
