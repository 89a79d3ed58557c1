"""Notes to sound: FluidSynth plays a soundfont piano, the same bytes every time.

FluidSynth runs at its own 44 100 Hz and is halved to 22 050 Hz afterwards, so that the partials above 11 kHz are
filtered out and do not fold back. Where no FluidSynth library is installed, ``tinysoundfont`` (a wheel
without dependencies) plays the same soundfont, without reverb; ``engine()`` says which of the two is at work.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scorebench.errors import DataError
from scorebench.soundfont import SOUNDS, Sound, find_sound
from scorebench.synth_engines import BLOCK_SAMPLES, ENGINE_RATE, GAIN, Player, engine, open_player
from scorebench.timebase import SAMPLE_RATE

__all__ = ["BLOCK_SAMPLES", "GAIN", "SOUNDS", "Sound", "engine", "find_sound", "render"]


def render(
    notes: pd.DataFrame, sound: Sound | str = "piano", seconds: float | None = None, tail_s: float = 1.0
) -> NDArray[np.float32]:
    """Play ``notes`` on one piano; the same notes give the same samples, bit for bit, on one machine.

    A key struck again while it sounds is released and struck at that moment, and then stays down until the last of
    its overlapping notes ends. Notes of one key within one block are one strike. The level is ``GAIN``, fixed.

    Args:
        notes: columns onset_s, duration_s, pitch (MIDI number), velocity (1 to 127); rows in any order. A row
            whose onset_s is NaN is not played.
        sound: a ``Sound``, or a name for ``find_sound``.
        seconds: length of the result; by default ``tail_s`` after the last key is released.

    Returns:
        (round(22050 * seconds),) float32, mono, 22 050 Hz, well within [-1, 1] (see ``GAIN``).

    Raises:
        DataError: a note is not playable, or the soundfont is damaged or lacks the preset.
        MissingDependencyError: no synthesiser or no soundfont.
    """
    sound = find_sound(sound) if isinstance(sound, str) else sound
    played = _playable(notes)
    if seconds is None:
        seconds = float((played["onset_s"] + played["duration_s"]).max()) if len(played) else 0.0
        seconds += tail_s
    length = round(seconds * SAMPLE_RATE)
    with open_player(sound) as player:
        stereo = _play(player, _events(played), length * ENGINE_RATE // SAMPLE_RATE)
    import soxr  # type: ignore[import-untyped]  # here: the command line must start fast

    mono = soxr.resample(stereo.mean(axis=1), ENGINE_RATE, SAMPLE_RATE)
    out = np.zeros(length, np.float32)
    out[: len(mono)] = mono[:length]
    return out


def _playable(notes: pd.DataFrame) -> pd.DataFrame:
    """The rows that sound, checked."""
    played = notes.loc[notes["onset_s"].notna(), ["onset_s", "duration_s", "pitch", "velocity"]]
    good = (
        played["onset_s"].between(0, np.inf, inclusive="left")
        & played["duration_s"].between(0, np.inf, inclusive="left")
        & played["pitch"].between(0, 127)
        & played["velocity"].between(1, 127)
    )
    if not good.all():
        row = played[~good].iloc[0].to_dict()
        raise DataError(f"a note cannot be played: {row}; times must be >= 0, pitch 0..127, velocity 1..127")
    return played


class _Event(NamedTuple):
    """A key goes down (velocity > 0) or up (0), at the start of a block; ups sort before downs."""

    block: int
    velocity: int
    pitch: int


def _events(played: pd.DataFrame) -> list[_Event]:
    """Key movements in the order in which the engine must hear them."""
    down = np.rint(played["onset_s"].to_numpy() * ENGINE_RATE / BLOCK_SAMPLES).astype(int)
    up = np.rint((played["onset_s"] + played["duration_s"]).to_numpy() * ENGINE_RATE / BLOCK_SAMPLES).astype(int)
    strikes: dict[int, list[list[int]]] = {}  # key -> [down, up, velocity], in order
    for pitch, start, end, velocity in sorted(zip(played["pitch"], down, up, played["velocity"], strict=True)):
        key = strikes.setdefault(int(pitch), [])
        end = max(int(end), int(start) + 1)
        if key and key[-1][0] == start:  # a unison of two voices: one strike
            key[-1][1:] = [max(key[-1][1], end), max(key[-1][2], int(velocity))]
            continue
        if key and key[-1][1] > start:  # still down: the first note's end must not cut the second
            end = max(end, key[-1][1])
            key[-1][1] = int(start)
        key.append([int(start), end, int(velocity)])
    flat = [(pitch, strike) for pitch, key in strikes.items() for strike in key]
    downs = [_Event(start, velocity, pitch) for pitch, (start, _, velocity) in flat]
    return sorted(downs + [_Event(end, 0, pitch) for pitch, (_, end, _) in flat])


def _play(player: Player, events: list[_Event], samples: int) -> NDArray[np.float32]:
    """(samples, 2) float32: what the player sounds like while the events happen."""
    parts, at = [np.zeros((0, 2), np.float32)], 0
    for event in events:
        start = event.block * BLOCK_SAMPLES
        if start >= samples:
            break
        if start > at:
            parts.append(player.sound(start - at))
            at = start
        if event.velocity:
            player.down(event.pitch, event.velocity)
        else:
            player.up(event.pitch)
    parts.append(player.sound(samples - at))
    return np.concatenate(parts)
