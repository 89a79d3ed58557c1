"""The symbols that the network marks, the strokes that it traces, and what it says of a note or rest.

The order is that of the network's channels.
"""

from typing import Final

INTERLINE_PX: Final = 8
"""A page is scaled so that this is the distance of its staff lines before the network looks at it."""

STRIDE: Final = 2
"""Pixels of the scaled page from one cell of the network's answer to the next."""

HEADS: Final = ("filled", "half", "whole", "grace")
RESTS: Final = ("rest", "measure-rest")
ACCIDENTALS: Final = ("sharp", "flat", "natural", "double-sharp", "double-flat")
KEY_SIGNS: Final = ("key-sharp", "key-flat", "key-natural")
CLEFS: Final = ("clef-G", "clef-F", "clef-C")
TIMES: Final = ("common", "cut", *(f"digit-{n}" for n in range(10)))
KINDS: Final = (*HEADS, *RESTS, "dot", "flag", *ACCIDENTALS, *KEY_SIGNS, *CLEFS, *TIMES)
"""Symbols marked at their centre; clefs at the line that they name, digits at their middle."""

STROKES: Final = ("stem", "beam", "bar-line", "tie", "slur", "ottava")
"""What is long: traced, cell by cell."""

LOGS: Final = 7
"""Written values: whole (0) to 64th (6)."""

PROPERTIES: Final = {
    "log": LOGS,  # 2 ** -log whole notes, before dots
    "dots": 3,
    "tuplet": 3,  # as written, two thirds of it, another share
    "tied": 2,  # the right end of a tie
    "stem": 3,  # none, up, down
    "side": 3,  # its staff is here, below it, above it
}
"""What is said at the centre of a note or rest: name -> number of answers."""

OFFSETS: Final = ("dx", "dy", "column")
"""Cells from a cell to the centre of its symbol; interlines from a note to the middle of its column."""

ALTERS: Final = {"sharp": 1, "flat": -1, "natural": 0, "double-sharp": 2, "double-flat": -2}
