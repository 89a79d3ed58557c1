"""Clefs, and the keys that are written behind them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from baselines.omr.recogniser.layout import Placed
from baselines.omr.recogniser.marks import UNIT
from baselines.omr.recogniser.symbols import CLEFS, KEY_SIGNS

_SHARPS = (3, 0, 4, 1, 5, 2, 6)
"""Steps in the order in which keys raise them; flats come the other way."""

_TREBLE_SHARPS, _TREBLE_FLATS = (4, 1, 5, 2, -1, 3, 0), (0, 3, -1, 2, -2, 1, -3)
"""Places of the signs of a key, in half interlines above the middle line, with a G clef."""

_TREBLE_MIDDLE = 34
"""Steps from C0 to B4."""

_CLEF_STEP = {"clef-G": 32, "clef-F": 24, "clef-C": 28}
"""Steps from C0 to the note that a clef names: G4, F3, C4."""

_CLEF_HOME = {"clef-G": -2, "clef-F": 2, "clef-C": 0}
_BEGIN = 16.0
"""Interlines from where a line begins, within which its key is written."""

_CLEAR = 0.3
"""Chance of a sign from which on it counts where a key may change."""

_MISSED, _FANCIED = 0.06, 0.2
"""Chance that a sign of a key is not seen, and what a sign must be likelier than to speak for a key."""

_KEPT = 2.0
"""Logarithm of how much likelier a key goes on than changes."""


@dataclass(frozen=True)
class Clef:
    """``step`` steps above C0 are in the middle of the staff."""

    name: str
    middle: int


def clef_of(kind: str, position: int) -> Clef:
    """A clef drawn ``position`` half interlines above the middle line."""
    line = 2 * round(position / 2)
    at = line if kind == "clef-C" else _CLEF_HOME[kind]
    names = {"clef-G": "G", "clef-F": "F", "clef-C": {-4: "C1", -2: "C2", 2: "C4"}.get(at, "C")}
    at = {"C1": -4, "C2": -2, "C4": 2, "C": 0}.get(names[kind], at)
    return Clef(names[kind], _CLEF_STEP[kind] - at)


def default_clef(staff: int, staves: int) -> Clef:
    """Where no clef was found: F on the lower of several staves."""
    return clef_of("clef-F", 2) if staves > 1 and staff == staves - 1 else clef_of("clef-G", -2)


def key_alter(fifths: int, step: int) -> int:
    """Semitones by which a key raises a step."""
    place = _SHARPS.index(step % 7)
    return 1 if place < fifths else -1 if 6 - place < -fifths else 0


def is_clef(placed: Placed) -> bool:
    """Whether a mark is a clef, and on a staff."""
    home = _CLEF_HOME.get(placed.mark.kind, 0)
    return placed.mark.kind in CLEFS and abs(placed.position - home) <= (4 if placed.mark.kind == "clef-C" else 1)


def keys(
    marks: Sequence[Placed], clefs: Sequence[Clef], bars: Sequence[float], now: int | None
) -> list[tuple[float, int]]:
    """Changes of key in a system: (x from which on, fifths).

    Every line begins with its key; elsewhere one stands at a bar line, on all staves, and what else looks like one is
    none.

    Args:
        clefs: of each staff, from the line before.
        now: the key in force before; None at the beginning of a page.
    """
    signs = sorted((m for m in marks if m.mark.kind in KEY_SIGNS), key=lambda m: m.mark.x)
    first = [m for m in signs if m.mark.x < bars[0] + _BEGIN * UNIT and _before_notes(m, marks)]
    found = [(bars[0], _likeliest(first, _clefs_at(bars[0] + 6 * UNIT, marks, clefs), now))]
    groups: list[list[Placed]] = []
    for sign in (m for m in signs if m not in first and m.mark.chance >= _CLEAR):
        if groups and sign.mark.x - groups[-1][-1].mark.x < 2.6 * UNIT:
            groups[-1].append(sign)
        else:
            groups.append([sign])
    for group in groups:
        x = group[0].mark.x
        everywhere = len({m.staff for m in group}) == len(clefs)
        if everywhere and min(abs(x - bar - UNIT) for bar in bars[1:]) < 6 * UNIT:
            found.append((x - UNIT, _likeliest(group, _clefs_at(x, marks, clefs), None)))
    return found


def _before_notes(sign: Placed, marks: Sequence[Placed]) -> bool:
    """Whether no note or rest of its staff stands before a sign."""
    return not any(m.mark.says and m.staff == sign.staff and m.mark.x < sign.mark.x for m in marks)


def _clefs_at(x: float, marks: Sequence[Placed], clefs: Sequence[Clef]) -> list[Clef]:
    """The clef of each staff at ``x``."""
    own = list(clefs)
    for placed in sorted((m for m in marks if is_clef(m) and m.mark.x < x), key=lambda m: m.mark.x):
        own[placed.staff] = clef_of(placed.mark.kind, placed.position)
    return own


def _likeliest(group: Sequence[Placed], clefs: Sequence[Clef], now: int | None) -> int:
    """The key whose signs are where they should be on every staff."""

    rows = [(_side_by_side([m for m in group if m.staff == staff]), clef) for staff, clef in enumerate(clefs)]

    def evidence(fifths: int) -> float:
        return (_KEPT if fifths == now else 0.0) + sum(_evidence(signs, clef, fifths) for signs, clef in rows)

    order = sorted(range(-7, 8), key=abs)
    return max(order, key=evidence)


def _side_by_side(signs: Sequence[Placed]) -> list[Placed]:
    """The signs of one staff without those that stand where a likelier one does: none is above another."""
    kept: list[Placed] = []
    for sign in sorted(signs, key=lambda m: -m.mark.chance):
        if all(abs(sign.mark.x - other.mark.x) > 0.6 * UNIT for other in kept):
            kept.append(sign)
    return kept


def _evidence(signs: Sequence[Placed], clef: Clef, fifths: int) -> float:
    """Logarithm of how much likelier a staff looks like this with a key of ``fifths`` than without signs."""
    kind, places = ("key-sharp", _TREBLE_SHARPS) if fifths > 0 else ("key-flat", _TREBLE_FLATS)
    shift = (_TREBLE_MIDDLE - clef.middle + 3) % 7 - 3
    wanted = [place + shift for place in places[: abs(fifths)]]
    total, used = 0.0, set[int]()
    for place in wanted:
        fits = [i for i, m in enumerate(signs) if m.mark.kind == kind and m.position == place and i not in used]
        best = max(fits, key=lambda i: signs[i].mark.chance, default=None)
        total += float(np.log((_MISSED if best is None else max(signs[best].mark.chance, _MISSED)) / _FANCIED))
        used |= set() if best is None else {best}
    others = [m.mark.chance for i, m in enumerate(signs) if i not in used and m.mark.kind != "key-natural"]
    return total + float(sum(np.log((1 - min(chance, 0.97)) / (1 - _MISSED)) for chance in others))
