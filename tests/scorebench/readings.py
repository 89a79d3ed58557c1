"""Random readings, and one small one written by hand."""

from fractions import Fraction
from typing import Any

import pandas as pd
from hypothesis import strategies as st

from scorebench.omr import Reading, as_reading, pitch_of

SPELLINGS = ("C4", "D4", "Eb4", "F#4", "G4", "Ab4", "B4", "C5", "Cb5", "B#3", "F##5", "Bbb3", "A2", "E6")
PLAIN = tuple(Fraction(n, d) for n, d in ((1, 4), (1, 2), (3, 4), (1, 1), (3, 2), (2, 1), (3, 1), (4, 1)))
TUPLETS = (Fraction(1, 3), Fraction(2, 3), Fraction(1, 6), Fraction(1, 5), Fraction(2, 5))
ODD = (Fraction(5, 4), Fraction(9, 8), Fraction(5, 2), Fraction(5, 3))
"""No single note value is as long; they are written as tied notes."""


def measures_of(lengths: list[Any], staves: int = 2, a_system: int = 3, **facts: Any) -> pd.DataFrame:
    """Measures of so many quarters, three a system, 100 px wide."""
    onsets = [sum(lengths[:n]) for n in range(len(lengths))]
    return pd.DataFrame(
        {
            "measure": range(len(lengths)),
            "system": [n // a_system for n in range(len(lengths))],
            "left_px": [50.0 + 100 * (n % a_system) for n in range(len(lengths))],
            "right_px": [150.0 + 100 * (n % a_system) for n in range(len(lengths))],
            "onset_quarters": [float(onset) for onset in onsets],
            "duration_quarters": [float(length) for length in lengths],
            "beats": 4,
            "beat_type": 4,
            "fifths": 0,
            "repeat_begins": False,
            "repeat_ends": False,
            "clefs": ",".join(("G", "F", "C", "G8vb")[:staves]),
        }
    ).assign(**facts)


def systems_of(measures: pd.DataFrame) -> pd.DataFrame:
    """A box for each system, 100 px high, 200 px from the next."""
    count = int(measures["system"].max()) + 1
    rows = {"system": range(count), "page": 0, "x_px": 200.0, "w_px": 300.0, "h_px": 100.0}
    return pd.DataFrame(rows).assign(y_px=[150.0 + 200 * n for n in range(count)])


def head(spelling: str, onset: Any, length: Any, measure: int = 0, **more: Any) -> dict[str, Any]:
    """One notehead; ``onset`` from the beginning of the page."""
    row = {"system": 0, "measure": measure, "staff": 0, "voice": 0, "tied": False, "confidence": 1.0}
    place = {"x_px": 60 + 20 * float(onset), "y_px": 130.0}
    times = {"onset_quarters": float(onset), "duration_quarters": float(length)}
    return {**row, **place, "pitch": pitch_of(spelling), "spelling": spelling, **times, **more}


def small_reading() -> Reading:
    """Two bars: a third, a tie over the bar line, a grace note, a bass note."""
    measures = measures_of([4, 4])
    notes = [
        head("C5", 0, 1),
        head("E5", 0, 1),
        head("F#5", 1, 3),
        head("F#5", 4, 1, 1, tied=True),
        head("A5", 5, 0, 1),
        head("G5", 5, 3, 1),
        head("Bb2", 0, 4, staff=1, y_px=190.0),
    ]
    return as_reading(pd.DataFrame(notes), measures, systems_of(measures), 0.9)


@st.composite
def readings(draw: st.DrawFn, odd: bool = False, fifths: bool = True, most_staves: int = 3) -> Reading:
    """A reading of up to four measures: chords, voices, tuplets, grace notes and ties at random.

    Args:
        odd: lengths that no single note value has, too.
        fifths: quintuplets, too; without them everything is a multiple of a twelfth of a quarter.
    """
    lengths = draw(st.lists(st.sampled_from((*PLAIN[1:], Fraction(7, 2), Fraction(6))), min_size=1, max_size=4))
    staves = draw(st.integers(1, most_staves))
    beats, beat_type = draw(st.sampled_from(((4, 4), (3, 4), (6, 8), (2, 2))))
    measures = measures_of(lengths, staves, beats=beats, beat_type=beat_type, fifths=draw(st.integers(-3, 3)))
    tuplets = tuple(t for t in TUPLETS if fifths or t.denominator != 5)
    values = (*PLAIN, *tuplets, *(ODD if odd else ()))
    notes: list[dict[str, Any]] = []
    taken: set[tuple[Any, ...]] = set()
    for _ in range(draw(st.integers(1, 12))):
        measure = draw(st.integers(0, len(lengths) - 1))
        begin, end = sum(lengths[:measure]), sum(lengths[: measure + 1])
        length = draw(st.sampled_from([v for v in values if v <= end - begin]))
        onset = begin + draw(st.sampled_from([s for s in (0, *PLAIN, *tuplets) if begin + s + length <= end]))
        grace = draw(st.integers(0, 5)) == 0
        spelling, staff = draw(st.sampled_from(SPELLINGS)), draw(st.integers(0, staves - 1))
        # Twice the same head in the same place says nothing, and two readers may take it for one.
        key = (pitch_of(spelling), onset, staff)
        if key in taken:
            continue
        taken.add(key)
        kind = {"staff": staff, "voice": draw(st.integers(0, 2)), "system": measure // 3}
        notes.append(head(spelling, onset, 0 if grace else length, measure, **kind))
        if not grace and onset + length == end and measure + 1 < len(lengths) and draw(st.booleans()):
            held = draw(st.sampled_from([v for v in values if v <= lengths[measure + 1]]))
            if (key[0], end, staff) not in taken:
                taken.add((key[0], end, staff))
                kind["system"] = (measure + 1) // 3
                notes.append(head(spelling, end, held, measure + 1, tied=True, **kind))
    return as_reading(pd.DataFrame(notes), measures, systems_of(measures), 1.0)
