"""A small page of music made in code: three systems, eight seconds of sound, and everything a tracker can be told.

It needs no data, no engraver and no synthesiser. The music runs at a constant tempo and its notes are equally spaced,
which makes scores on it provable by hand.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scorebench.score import BAR_COLUMNS, NOTE_COLUMNS, SYSTEM_COLUMNS, Page, Recording, as_table
from scorebench.timebase import SAMPLE_RATE

HEIGHT_PX, WIDTH_PX = 1181, 835
SYSTEMS, BARS, NOTES = 3, 4, 8  # NOTES in each system, two in each bar
NOTE_S = 1 / 3
DURATION_S = SYSTEMS * NOTES * NOTE_S
LEAD_IN_S = NOTE_S / 2
"""Silence before the first note. Each note then sounds when its share of the page has passed: it stands in the middle
of its share of the system, and begins in the middle of its share of the time."""

_LEFT_PX, _SYSTEM_WIDTH_PX, _SYSTEM_HEIGHT_PX = 75.5, 684.0, 98.0
_FIRST_SYSTEM_PX, _SYSTEM_STEP_PX = 250.0, 300.0
_STAFF_SPACE_PX = 7
_TREBLE_PX, _BASS_PX = -35.0, 35.0  # middle lines of the two staves, from the centre of the system
_B4, _D3 = 34, 22  # diatonic steps on those lines
_MELODY = (72, 74, 76, 77, 79, 76, 74, 71, 72, 69, 71, 67, 69, 65, 67, 71, 74, 72, 71, 69, 67, 76, 74, 72)
_BASS = (48, 53, 55, 52, 45, 50, 43, 47, 50, 52, 43, 48)


def sample_recording() -> Recording:
    """The page and its performance, as a dataset would give them. The same bytes at every call."""
    systems, bars, notes = _systems(), _bars(), _notes()
    page = Page("sample", 0, _draw(systems, bars, notes), systems, bars)
    return Recording("sample", "full", (page,), notes, lambda: render(notes, DURATION_S))


def render(notes: pd.DataFrame, duration_s: float) -> NDArray[np.float32]:
    """Plain decaying tones of six harmonics.

    Args:
        notes: ``NOTE_COLUMNS``.
        duration_s: length of the sound; tones that reach beyond it are cut.

    Returns:
        (samples,) float32 at 22 050 Hz, peak 0.5.
    """
    sound = np.zeros(round(duration_s * SAMPLE_RATE))
    for onset_s, pitch in notes[["onset_s", "pitch"]].to_numpy():
        begin = round(onset_s * SAMPLE_RATE)
        time_s = np.arange(min(SAMPLE_RATE, len(sound) - begin)) / SAMPLE_RATE
        hertz = 440 * 2 ** ((pitch - 69) / 12)
        loudness = np.minimum(time_s / 0.005, 1) * np.exp(-4 * time_s)
        for harmonic in range(1, 7):
            tone = np.sin(2 * np.pi * harmonic * hertz * time_s) / harmonic**1.5
            sound[begin : begin + len(time_s)] += loudness * tone
    sound *= 0.5 / np.abs(sound).max()
    whole: NDArray[np.float32] = sound.astype(np.float32)
    return whole


def _systems() -> pd.DataFrame:
    rows = {
        "system": range(SYSTEMS),
        "page": 0,
        "x_px": _LEFT_PX + _SYSTEM_WIDTH_PX / 2,
        "y_px": [_FIRST_SYSTEM_PX + n * _SYSTEM_STEP_PX for n in range(SYSTEMS)],
        "w_px": _SYSTEM_WIDTH_PX,
        "h_px": _SYSTEM_HEIGHT_PX,
    }
    return as_table(pd.DataFrame(rows), SYSTEM_COLUMNS, "sample page")


def _bars() -> pd.DataFrame:
    width = _SYSTEM_WIDTH_PX / BARS
    rows = [
        {"bar": system * BARS + n, "system": system, "page": 0, "x_px": _LEFT_PX + (n + 0.5) * width, "w_px": width}
        for system in range(SYSTEMS)
        for n in range(BARS)
    ]
    boxes = pd.DataFrame(rows).assign(h_px=_SYSTEM_HEIGHT_PX)
    boxes["y_px"] = _FIRST_SYSTEM_PX + boxes["system"] * _SYSTEM_STEP_PX
    return as_table(boxes, BAR_COLUMNS, "sample page")


def _notes() -> pd.DataFrame:
    """A melody, with a bass note under the first of each bar."""
    rows = []
    for position, pitch in enumerate(_MELODY):
        rows.append(_note(position, pitch, _TREBLE_PX, _B4))
        if position % 2 == 0:
            rows.append(_note(position, _BASS[position // 2], _BASS_PX, _D3))
    return as_table(pd.DataFrame(rows), NOTE_COLUMNS, "sample page")


def _note(position: int, pitch: int, staff_px: float, middle_line: int) -> dict[str, object]:
    """One note; ``middle_line`` is the diatonic step on the middle line of its staff."""
    system, place = divmod(position, NOTES)
    octave, key = divmod(pitch, 12)
    step = 7 * (octave - 1) + (0, 0, 1, 1, 2, 3, 3, 4, 4, 5, 5, 6)[key]
    rise_px = (step - middle_line) * _STAFF_SPACE_PX / 2
    return {
        "note_id": f"n{position}-{pitch}",
        "page": 0,
        "system": system,
        "position": position,
        "pitch": pitch,
        "x_px": _LEFT_PX + (place + 0.5) * _SYSTEM_WIDTH_PX / NOTES,
        "y_px": _FIRST_SYSTEM_PX + system * _SYSTEM_STEP_PX + staff_px - rise_px,
        "score_onset_s": position * NOTE_S,
        "score_duration_s": NOTE_S,
        "onset_s": LEAD_IN_S + position * NOTE_S,
        "duration_s": NOTE_S,
        "velocity": 80,
    }


def _draw(systems: pd.DataFrame, bars: pd.DataFrame, notes: pd.DataFrame) -> NDArray[np.uint8]:
    """The page: staves, bar lines, noteheads with stems. (1181, 835) uint8, 0 black."""
    from PIL import Image, ImageDraw

    picture = Image.new("L", (WIDTH_PX, HEIGHT_PX), 255)
    draw = ImageDraw.Draw(picture)
    right = _LEFT_PX + _SYSTEM_WIDTH_PX
    for y in systems["y_px"]:
        for line in range(-2, 3):
            for staff_px in (_TREBLE_PX, _BASS_PX):
                at = y + staff_px + line * _STAFF_SPACE_PX
                draw.line((_LEFT_PX, at, right, at), fill=0)
    for x, y, w, h in bars[["x_px", "y_px", "w_px", "h_px"]].to_numpy():
        for at in (x - w / 2, x + w / 2):
            draw.line((at, y - h / 2, at, y + h / 2), fill=0)
    for x, y in notes[["x_px", "y_px"]].to_numpy():
        draw.ellipse((x - 4.5, y - 3.5, x + 4.5, y + 3.5), fill=0)
        draw.line((x + 4, y, x + 4, y - 3.5 * _STAFF_SPACE_PX), fill=0)
    return np.array(picture, np.uint8)
