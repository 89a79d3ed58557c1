"""Clefs of MusicXML: their names in a reading, and where notes stand under them."""

from dataclasses import dataclass

from scorebench.omr import CLEFS

TENTHS_A_LINE = 10
"""From one staff line to the next, in the tenths of MusicXML."""
USUAL_LINE = {"G": 2, "F": 4, "C": 3}
_STEPS = "CDEFGAB"
_REFERENCE = {"G": ("G", 4), "F": ("F", 3), "C": ("C", 4)}
_OCTAVES = {0: "", 1: "8va", -1: "8vb", 2: "15ma", -2: "15mb"}


@dataclass(frozen=True)
class Clef:
    """A clef: its sign (G, F or C) on a line (1 at the bottom to 5), moved by octaves."""

    sign: str = "G"
    line: int = 2
    octaves: int = 0

    @property
    def name(self) -> str:
        """One of ``CLEFS``, the nearest where there is none."""
        names = [f"{self.sign}{_OCTAVES.get(self.octaves, '')}"]
        if self.line != USUAL_LINE[self.sign]:
            names.insert(0, f"{self.sign}{self.line}")
        return next((name for name in names if name in CLEFS), self.sign)

    def below_top_tenths(self, step: str, octave: int) -> float:
        """How far below the top line of the staff a note stands."""
        sign, sign_octave = _REFERENCE[self.sign]
        height = _diatonic(step, octave) - _diatonic(sign, sign_octave + self.octaves)
        return (5 - self.line) * TENTHS_A_LINE - height * TENTHS_A_LINE / 2


def _diatonic(step: str, octave: int) -> int:
    return 7 * octave + _STEPS.index(step)
