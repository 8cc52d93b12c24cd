"""What tells voice from everything else, frame by frame: by loudness alone, or by a small neural network.

- ``energy`` needs nothing. It compares the energy between 200 and 4000 Hz with a noise floor that follows the
  recording (a low percentile over 20 s, the idea of minimum statistics; R. Martin, IEEE Trans. Speech Audio Process.
  9(5), 2001). Music and crowds pass it.
- ``silero`` runs Silero VAD (Silero Team 2021; MIT) on onnxruntime, from the copy in the ``silero-vad`` or
  ``faster-whisper`` wheel; torch is not loaded. It keeps its state from window to window, so a recording of any length
  is heard as one.

``docs/transcripts.md`` has the measurements by which ``auto`` chooses.
"""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from longvid_storage.errors import MissingExtraError, ModelError, UsageError, first_line

Samples = NDArray[np.float32]

FRAME = 320  # 20 ms
# Frames decided at once: 9.92 s, a whole number of frames of both 20 ms and 32 ms.
WINDOW = 496
GATES = ("auto", "silero", "energy")

_FLOOR_PERCENTILE = 10
_ABOVE_FLOOR_DB = 8.0
# The floor is kept in this range: digital silence must not make hiss a voice, nor steady music hide one.
_FLOOR_DB = (-65.0, -42.0)

# Silero's own window and the sound before it that it is shown again, in samples at 16 kHz.
_CHUNK, _CONTEXT = 512, 64
# Silero's own thresholds: a voice begins above the first and lasts until the second.
_BEGIN, _END = 0.5, 0.35
# Where the model lies: the package that carries it and the path inside.
_SILERO = (
    ("silero_vad", "data/silero_vad_16k_sequence.onnx"),
    ("faster_whisper", "assets/silero_vad_v6.onnx"),
)


class VoiceGate(Protocol):
    """Decides for one recording; it remembers what it heard, so make a new one for each."""

    @property
    def name(self) -> str:
        """What it is called, with the version of its decisions: part of a transcript's fingerprint."""
        ...

    def voiced(self, samples: Samples, energies_db: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Voice or not, for each 20 ms frame of the next window.

        ``samples``: shape (320 n,), following the last window without a gap; ``WINDOW`` frames, fewer only at the end.
        ``energies_db``: shape (n,), the band energy of each frame.

        Raises:
            ModelError: the gate's model fails.
        """
        ...


def make_gate(name: str = "auto") -> VoiceGate:
    """A fresh gate: ``"silero"``, ``"energy"``, or ``"auto"`` for silero where it is installed.

    Raises:
        UsageError: no gate has that name.
        MissingExtraError: ``"silero"`` is asked for and not installed.
    """
    if name not in GATES:
        raise UsageError(f"there is no voice gate {name!r}: choose {', '.join(GATES)}")
    if name == "energy" or (name == "auto" and not silero_installed()):
        return EnergyGate()
    return SileroGate()


def silero_installed() -> bool:
    """Whether silero and the package that runs it are here (looked up once a process, not imported)."""
    return _found("onnxruntime") is not None and _silero_path() is not None


def _silero_path() -> Path | None:
    for package, inside in _SILERO:
        place = _found(package)
        if place is not None and (place.parent / inside).is_file():
            return place.parent / inside
    return None


@cache
def _found(package: str) -> Path | None:
    """Where a package begins; each unchanged file of a folder asks anew."""
    spec = importlib.util.find_spec(package)
    return None if spec is None or spec.origin is None else Path(spec.origin)


class EnergyGate:
    """Louder than the noise around it."""

    name = "energy-2"

    def __init__(self) -> None:
        self._before: NDArray[np.float32] = np.empty(0, np.float32)

    def voiced(self, samples: Samples, energies_db: NDArray[np.float32]) -> NDArray[np.bool_]:
        """See ``VoiceGate.voiced``."""
        around = np.concatenate([self._before, energies_db])
        floor = float(np.clip(np.percentile(around, _FLOOR_PERCENTILE), *_FLOOR_DB))
        self._before = energies_db
        return np.asarray(energies_db > floor + _ABOVE_FLOOR_DB)


class SileroGate:
    """Sounds like speech to Silero VAD; the model (2 MB) is loaded at the first window."""

    name = "silero-6-1"

    def __init__(self) -> None:
        self._session: Any = None
        self._state = [np.zeros((1, 1, 128), np.float32)] * 2
        self._context = np.zeros(_CONTEXT, np.float32)
        self._speaking = False

    def voiced(self, samples: Samples, energies_db: NDArray[np.float32]) -> NDArray[np.bool_]:
        """See ``VoiceGate.voiced``."""
        if not len(samples):
            return np.zeros(0, np.bool_)
        chunks = np.pad(samples, (0, -len(samples) % _CHUNK)).reshape(-1, _CHUNK)
        speaking = self._hysteresis(self.probabilities(chunks))
        middles = (np.arange(len(samples) // FRAME) * FRAME + FRAME // 2) // _CHUNK
        return speaking[middles]

    def probabilities(self, chunks: Samples) -> NDArray[np.float32]:
        """How surely each chunk of 512 samples is speech; shape (n, 512) to (n,)."""
        before = np.concatenate([self._context[None], chunks[:-1, -_CONTEXT:]])
        self._context = chunks[-1, -_CONTEXT:].copy()
        given = np.concatenate([before, chunks], axis=1).astype(np.float32)
        found, *self._state = self._load().run(
            ["speech_probs", "hn", "cn"], {"input": given, "h": self._state[0], "c": self._state[1]}
        )
        return np.asarray(found, np.float32).reshape(-1)

    def _hysteresis(self, probabilities: NDArray[np.float32]) -> NDArray[np.bool_]:
        speaking = np.empty(len(probabilities), np.bool_)
        for index, probability in enumerate(probabilities):
            self._speaking = bool(probability >= (_END if self._speaking else _BEGIN))
            speaking[index] = self._speaking
        return speaking

    def _load(self) -> Any:
        if self._session is None:
            path = _silero_path()
            try:
                import onnxruntime
            except ImportError:
                path = None
            if path is None:
                raise MissingExtraError(
                    "the silero voice gate is not installed: pip install 'longvid[models]' or 'longvid[fast]', or "
                    "use the gate 'energy'"
                )
            options = onnxruntime.SessionOptions()
            # The network is too small for more: threads would cost more than they save.
            options.intra_op_num_threads = options.inter_op_num_threads = 1
            options.log_severity_level = 4
            try:
                self._session = onnxruntime.InferenceSession(str(path), options, ["CPUExecutionProvider"])
            except Exception as error:  # onnxruntime's errors share no base class
                raise ModelError(
                    f"the silero voice model at {path} cannot be loaded ({first_line(error)}): reinstall its package",
                    code="bad_weights",
                ) from error
        return self._session
