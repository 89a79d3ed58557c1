"""What comes out of the synthesiser is what was asked for: when, how long, how loud, and the same every time."""

import hashlib
import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scorebench import soundfont, synth, synth_engines
from scorebench.errors import DataError, MissingDependencyError, UsageError
from scorebench.timebase import SAMPLE_RATE

COLUMNS = ["onset_s", "duration_s", "pitch", "velocity"]


def notes(*rows):
    return pd.DataFrame(list(rows), columns=COLUMNS)


def missing() -> str:
    try:
        synth.engine()
        synth.find_sound("piano")
    except MissingDependencyError as error:
        return str(error)
    return ""


needs_sound = pytest.mark.skipif(bool(missing()), reason=missing())
needs_tiny = pytest.mark.skipif(importlib.util.find_spec("tinysoundfont") is None, reason="tinysoundfont not installed")


@pytest.fixture
def tiny(monkeypatch):
    """The fallback engine, as where no FluidSynth library is installed."""
    monkeypatch.setattr(synth_engines, "_fluidsynth", lambda: None)


@pytest.fixture
def no_fonts(monkeypatch):
    for variable in ("SCOREBENCH_SOUNDFONT", "SCOREBENCH_OTHER_SOUNDFONT"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(soundfont, "_FOLDERS", ())
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)


def rises_s(sound: np.ndarray, count: int) -> list[float]:
    """Seconds at which the ``count`` clearest rises of level begin, to a millisecond or two."""
    step = SAMPLE_RATE // 1000
    peaks = np.abs(sound[: len(sound) // step * step]).reshape(-1, step).max(axis=1)
    before = np.array([peaks[max(0, i - 20) : i].max(initial=1e-5) for i in range(len(peaks))])
    rise, found = peaks / before, []
    while len(found) < count:
        found.append(int(np.argmax(rise)))
        rise[max(0, found[-1] - 60) : found[-1] + 60] = 0
    return sorted(i * step / SAMPLE_RATE for i in found)


def one_tone(sound: np.ndarray, pitch: int, start_s: float, end_s: float) -> float:
    """RMS of the fundamental of ``pitch`` within a span."""
    span = sound[round(start_s * SAMPLE_RATE) : round(end_s * SAMPLE_RATE)] * 2.0
    turn = np.exp(-2j * np.pi * 440 * 2 ** ((pitch - 69) / 12) / SAMPLE_RATE * np.arange(len(span)))
    return float(abs(np.mean(span * turn * np.hanning(len(span)))))


def check_onsets(name: str) -> None:
    asked = [0.1, 0.613, 1.2222, 2.05]
    sound = synth.render(notes(*[(t, 0.2, p, 90) for t, p in zip(asked, (40, 55, 67, 84), strict=True)]), name)
    assert rises_s(sound, 4) == pytest.approx(asked, abs=0.010)


@needs_sound
@pytest.mark.parametrize("name", synth.SOUNDS)
def test_a_note_begins_within_10_ms_of_what_was_asked(name):
    check_onsets(name)


@needs_sound
@needs_tiny
@pytest.mark.parametrize("name", synth.SOUNDS)
def test_the_fallback_engine_is_as_punctual_and_as_loud(name, tiny, request):
    check_onsets(name)
    chord = notes(*[(0.1 * i, 0.3, 40 + 5 * i % 40, 64) for i in range(20)])
    fallback = synth.render(chord, name)
    assert synth.engine().startswith("tinysoundfont")
    assert np.array_equal(fallback, synth.render(chord, name))
    request.getfixturevalue("monkeypatch").undo()
    if synth.engine().startswith("FluidSynth"):
        assert fallback.std() == pytest.approx(synth.render(chord, name).std(), rel=0.5)


@needs_sound
def test_the_same_notes_give_the_same_samples_whatever_was_played_between():
    rng = np.random.default_rng(1)
    piece = pd.DataFrame(
        {
            "onset_s": rng.uniform(0, 4, 60),
            "duration_s": rng.uniform(0.05, 1, 60),
            "velocity": rng.integers(20, 110, 60),
        }
    ).assign(pitch=rng.integers(30, 95, 60))
    first = synth.render(piece)
    synth.render(notes((0.0, 1.0, 60, 127)), "other-piano")
    assert np.array_equal(first, synth.render(piece))
    assert np.array_equal(first, synth.render(piece.sample(frac=1, random_state=3)))


@needs_sound
@pytest.mark.parametrize("seconds", [0.0, 0.05, 1.0, 2.00001, 3.7])
def test_length_is_exact(seconds):
    sound = synth.render(notes((0.2, 1.5, 60, 80)), seconds=seconds)
    assert (sound.shape, sound.dtype) == ((round(seconds * SAMPLE_RATE),), np.float32)


@needs_sound
def test_the_end_is_the_last_release_and_a_tail():
    piece = notes((0.2, 3.0, 60, 80), (2.0, 0.4, 64, 80), (np.nan, 99.0, 70, 80))
    assert len(synth.render(piece, tail_s=0.5)) == round(3.7 * SAMPLE_RATE)
    assert len(synth.render(piece[:0], tail_s=0.5)) == round(0.5 * SAMPLE_RATE)
    assert np.abs(synth.render(piece[2:])).max() < 1e-6  # the reverb adds a trace against denormal numbers


@needs_sound
def test_a_key_struck_while_it_sounds_is_struck_again_and_not_cut_by_the_first_release():
    overlapping = synth.render(notes((0.1, 0.7, 72, 90), (0.6, 1.4, 72, 90)), seconds=2.5)
    assert rises_s(overlapping, 2) == pytest.approx([0.1, 0.6], abs=0.010)
    alone = synth.render(notes((0.6, 1.4, 72, 90)), seconds=2.5)
    assert one_tone(overlapping, 72, 1.2, 1.6) == pytest.approx(one_tone(alone, 72, 1.2, 1.6), rel=0.25)


@needs_sound
def test_a_held_key_struck_by_another_voice_sounds_until_the_last_lets_go():
    held = synth.render(notes((0.1, 2.0, 60, 80), (0.5, 0.2, 60, 80)), seconds=3.0)
    short = synth.render(notes((0.1, 0.4, 60, 80), (0.5, 0.2, 60, 80)), seconds=3.0)
    assert one_tone(held, 60, 1.6, 2.0) > 5 * one_tone(short, 60, 1.6, 2.0)


@needs_sound
def test_a_unison_of_two_voices_is_one_strike():
    both = synth.render(notes((0.1, 0.3, 60, 70), (0.1, 1.0, 60, 90)), seconds=2.0)
    assert np.array_equal(both, synth.render(notes((0.1, 1.0, 60, 90)), seconds=2.0))


@needs_sound
@pytest.mark.parametrize("name", synth.SOUNDS)
def test_twenty_loud_keys_at_once_do_not_clip(name):
    sound = synth.render(notes(*[(0.0, 1.0, 30 + 3 * k, 127) for k in range(20)]), name)
    assert 0.3 < np.abs(sound).max() < 0.8


@needs_sound
def test_louder_keys_are_louder_and_no_file_is_normalised():
    soft, loud = (synth.render(notes((0.0, 1.0, 60, v))).std() for v in (40, 100))
    assert loud > 3 * soft


@needs_sound
@pytest.mark.parametrize("installed", ["all", "FluidR3Mono_GM", "TimGM6mb"])
def test_the_other_piano_is_another_instrument(installed, monkeypatch):
    if installed != "all":
        monkeypatch.setattr(soundfont, "_PREFERRED", dict.fromkeys(synth.SOUNDS, (installed,)))
        if not soundfont._installed((installed,)):
            pytest.skip(f"{installed} not installed")
    scale = notes(*[(0.25 * i, 0.2, 45 + 3 * i, 80) for i in range(12)])
    first, other = (synth.render(scale, name, seconds=4.0) for name in synth.SOUNDS)

    def colour(sound):  # power in octaves from 60 Hz, dB of the whole
        power = np.abs(np.fft.rfft(sound)) ** 2
        octave = np.log2(np.maximum(np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE), 1) / 60)
        return [10 * np.log10(power[(octave >= k) & (octave < k + 1)].sum() / power.sum()) for k in range(7)]

    assert synth.find_sound("piano") != synth.find_sound("other-piano")
    assert np.abs(np.subtract(colour(first), colour(other))).max() > 3


@pytest.mark.parametrize(
    "row", [(-0.1, 1, 60, 80), (0, np.nan, 60, 80), (0, 1, 128, 80), (0, 1, 60, 0), (np.inf, 1, 60, 80)]
)
@needs_sound
def test_a_note_that_cannot_be_played_is_named(row):
    with pytest.raises(DataError, match="cannot be played"):
        synth.render(notes((0, 1, 60, 80), row))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(st.floats(0, 2), st.floats(0, 2), st.integers(58, 62), st.integers(1, 127)), min_size=1, max_size=25
    )
)
def test_keys_go_down_and_up_in_turn_and_everything_asked_for_begins(rows):
    events = synth._events(notes(*rows))
    assert events == sorted(events)
    down = set()
    for event in events:
        assert (event.pitch in down) == (event.velocity == 0)
        down ^= {event.pitch}
    assert not down
    block_s = synth.BLOCK_SAMPLES / synth_engines.ENGINE_RATE
    struck = {(e.pitch, e.block) for e in events if e.velocity}
    assert struck == {(pitch, round(onset / block_s)) for onset, _, pitch, _ in rows}
    for key in {row[2] for row in rows}:
        last = max(round((onset + length) / block_s) for onset, length, pitch, _ in rows if pitch == key)
        assert abs(max(e.block for e in events if e.pitch == key) - last) <= 1


def test_no_soundfont_names_packages_and_the_way_without_them(no_fonts):
    with pytest.raises(MissingDependencyError, match=r"fluidr3mono-gm-soundfont.*pretty_midi.*SCOREBENCH_SOUNDFONT"):
        synth.find_sound("piano")
    with pytest.raises(MissingDependencyError):
        synth.find_sound("other-piano")


def test_no_engine_names_packages_and_the_way_without_them(tiny, monkeypatch):
    monkeypatch.setitem(sys.modules, "tinysoundfont", None)
    with pytest.raises(MissingDependencyError, match=r"libfluidsynth3.*fluid-synth.*tinysoundfont"):
        synth.engine()


def test_where_fonts_are_looked_for(no_fonts, monkeypatch, tmp_path: Path):
    usual, bundled, own = (tmp_path / name for name in ("usual", "pretty_midi", "own"))
    for folder, name in ((usual, "FluidR3_GM.sf2"), (bundled, "TimGM6mb.sf2"), (own, "mine.sf2")):
        folder.mkdir()
        (folder / name).write_bytes(name.encode())
    monkeypatch.setattr(soundfont, "_FOLDERS", (str(usual),))
    piano, other = (synth.find_sound(name) for name in synth.SOUNDS)
    assert piano.soundfont == other.soundfont == usual / "FluidR3_GM.sf2"
    assert (piano.program, other.program) == (0, 2)  # one font: its electric grand

    spec = importlib.util.spec_from_file_location("pretty_midi", bundled / "__init__.py")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)
    assert synth.find_sound("other-piano").soundfont == bundled / "TimGM6mb.sf2"

    monkeypatch.setenv("SCOREBENCH_SOUNDFONT", str(own / "mine.sf2"))
    assert synth.find_sound("piano").soundfont == own / "mine.sf2"
    assert str(tmp_path) not in str(synth.find_sound("piano").identity())
    monkeypatch.setenv("SCOREBENCH_SOUNDFONT", str(own / "gone.sf2"))
    with pytest.raises(UsageError, match=r"gone.sf2: no such file.*SCOREBENCH_SOUNDFONT"):
        synth.find_sound("piano")


def test_an_unknown_sound_is_told_what_there_is():
    with pytest.raises(UsageError, match="piano, other-piano"):
        synth.find_sound("organ")


@needs_sound
def test_a_file_that_is_no_soundfont_is_named(tmp_path: Path):
    broken = tmp_path / "broken.sf2"
    broken.write_bytes(b"RIFF nothing")
    with pytest.raises(DataError, match=r"broken\.sf2"):
        synth.render(notes((0, 1, 60, 80)), synth.Sound("piano", broken))


@pytest.mark.skipif(bool(missing()), reason=missing())
@pytest.mark.parametrize("first", ["soundfile", "scorebench.synth", "numba", "torch"])
def test_the_same_bytes_whatever_was_imported_before(first: str) -> None:
    pytest.importorskip(first)
    script = f"""
import importlib, hashlib
importlib.import_module({first!r})
import pandas as pd
from scorebench.synth import render
notes = pd.DataFrame({{"onset_s": [0.0, 0.3], "duration_s": [0.5, 0.5], "pitch": [60, 67], "velocity": [70, 80]}})
print(hashlib.sha256(render(notes).tobytes()).hexdigest())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    rows = notes((0, 0.5, 60, 70), (0.3, 0.5, 67, 80))
    assert done.stdout.strip() == hashlib.sha256(synth.render(rows).tobytes()).hexdigest()
