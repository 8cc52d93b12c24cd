"""What tells voice from everything else, and that a transcript is redone when that changes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from longvid_indexer import voice_gate
from longvid_indexer.mixing import SAMPLE_RATE
from longvid_indexer.recognition import recognition_fingerprint
from longvid_indexer.transcribers.pocketsphinx import PocketsphinxTranscriber
from longvid_indexer.voice import voiced_stretches
from longvid_indexer.voice_gate import EnergyGate, SileroGate, make_gate
from longvid_storage.errors import MissingExtraError, ModelError, UsageError
from media_factory import place, speech_clip

Samples = NDArray[np.float32]


def music(seconds: float) -> Samples:
    """Chords with a beat, as loud as speech."""
    at_s = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    chord = sum(np.sin(2 * np.pi * tone * at_s) for tone in (220, 277, 330, 440, 660))
    return np.asarray(0.05 * chord * (np.sin(2 * np.pi * 2 * at_s) > 0), np.float32)


def passed_s(track: Samples, gate: str) -> float:
    return sum(s.end_s - s.start_s for s in voiced_stretches([track], make_gate(gate)))


def test_music_and_noise_pass_the_energy_gate_and_not_silero() -> None:
    bursts = np.random.default_rng(0).normal(0, 0.1, 20 * SAMPLE_RATE).astype(np.float32)
    bursts.reshape(20, -1)[::2] *= 0.001
    for track in (music(20.0), bursts):
        assert passed_s(track, "energy") > 8
        assert passed_s(track, "silero") == 0


def test_silero_hears_speech_over_music() -> None:
    track, said = place(speech_clip(), (8.0,), 24.0)
    track = track + 0.3 * music(24.0)
    stretches = list(voiced_stretches([track], SileroGate()))
    for sentence in said:
        assert any(s.start_s < sentence.end_s and s.end_s > sentence.start_s for s in stretches)
    voiced_s = sum(s.end_s - s.start_s for s in stretches)
    assert voiced_s < 1.5 * sum(s.end_s - s.start_s for s in said)


def test_silero_hears_the_same_whole_and_in_windows() -> None:
    """The state goes from window to window: where a window ends makes no difference."""
    clip = speech_clip().samples
    chunks = np.pad(clip, (0, -len(clip) % 512)).reshape(-1, 512)
    whole = SileroGate().probabilities(chunks)
    gate = SileroGate()
    parts = np.concatenate([gate.probabilities(chunks[i : i + 31]) for i in range(0, len(chunks), 31)])
    assert whole.max() > 0.9
    np.testing.assert_allclose(parts, whole, atol=1e-5)


def test_silero_is_right_after_twenty_minutes() -> None:
    clip = speech_clip()
    gate = SileroGate()

    def blocks() -> list[Samples]:
        silence = np.zeros(10 * SAMPLE_RATE, np.float32)
        return [*[silence] * 120, clip.samples]

    stretches = list(voiced_stretches(blocks(), gate))
    assert stretches[0].start_s == pytest.approx(1200 + clip.sentences[0].start_s, abs=0.4)
    assert stretches[-1].end_s == pytest.approx(1200 + clip.sentences[-1].end_s, abs=0.4)


def test_auto_is_silero_where_it_is_installed_and_energy_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert make_gate().name == make_gate("silero").name
    monkeypatch.setattr(voice_gate, "_SILERO", (("a_package_that_is_not_here", "x.onnx"),))
    assert isinstance(make_gate(), EnergyGate)
    with pytest.raises(MissingExtraError, match=r"pip install 'longvid\[models\]' or"):
        list(voiced_stretches([speech_clip().samples], make_gate("silero")))
    with pytest.raises(UsageError, match="'loud': choose auto, silero, energy"):
        make_gate("loud")
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"not a network")
    monkeypatch.setattr(voice_gate, "_silero_path", lambda: broken)
    with pytest.raises(ModelError, match=r"broken\.onnx cannot be loaded"):
        list(voiced_stretches([speech_clip().samples], make_gate("silero")))


def test_either_wheel_carries_the_same_interface(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for copy in voice_gate._SILERO:
        monkeypatch.setattr(voice_gate, "_SILERO", (copy,))
        found.append([(s.start_s, s.end_s) for s in voiced_stretches([speech_clip().samples], SileroGate())])
    assert len(found) == 2
    np.testing.assert_allclose(found[0], found[1], atol=0.1)


def test_silero_loads_no_torch() -> None:
    code = (
        "import sys, numpy as np; from longvid_indexer.voice_gate import SileroGate; "
        "SileroGate().voiced(np.zeros(9600, np.float32), np.zeros(30, np.float32)); "
        "assert 'onnxruntime' in sys.modules and 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_another_gate_makes_another_fingerprint_of_what_is_recognised() -> None:
    sphinx = PocketsphinxTranscriber()
    prints = {recognition_fingerprint(sphinx, gate) for gate in ("silero", "energy")}
    assert len(prints) == 2
    assert recognition_fingerprint(sphinx) in prints
    before = recognition_fingerprint(sphinx)
    sphinx.pause_s = 2.0
    assert recognition_fingerprint(sphinx) != before
    assert recognition_fingerprint(None, "silero") == recognition_fingerprint(None, "energy") == "off"
