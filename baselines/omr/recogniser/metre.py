"""Time signatures: what the digits say, and what is in force."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from baselines.omr.recogniser.columns import QUARTER
from baselines.omr.recogniser.layout import Placed
from baselines.omr.recogniser.marks import UNIT
from baselines.omr.recogniser.symbols import TIMES

_UNITS = (1, 2, 4, 8, 16, 32)


@dataclass(frozen=True)
class Metre:
    """``beats`` / ``unit``."""

    beats: int
    unit: int

    @property
    def ticks(self) -> int:
        """Of a measure."""
        return 4 * QUARTER * self.beats // self.unit


def metres(marks: Sequence[Placed], staves: int) -> list[tuple[float, Metre]]:
    """Time signatures of a system: (x, metre), from left to right; each as most of its staves have it."""
    signs = sorted((m for m in marks if m.mark.kind in TIMES and abs(m.position) <= 4), key=lambda m: m.mark.x)
    groups: list[list[Placed]] = []
    for sign in signs:
        if groups and sign.mark.x - groups[-1][-1].mark.x < 2.5 * UNIT:
            groups[-1].append(sign)
        else:
            groups.append([sign])
    found = [(group[0].mark.x, _vote(group, staves)) for group in groups]
    return [(x, metre) for x, metre in found if metre is not None]


def _vote(group: Sequence[Placed], staves: int) -> Metre | None:
    votes: dict[Metre, float] = {}
    for staff in range(staves):
        own = [m for m in group if m.staff == staff]
        metre = _read(own)
        if metre is not None:
            votes[metre] = votes.get(metre, 0) + float(np.mean([m.mark.chance for m in own]))
    return max(votes, key=votes.__getitem__) if votes else None


def _read(signs: Sequence[Placed]) -> Metre | None:
    if any(m.mark.kind == "common" for m in signs):
        return Metre(4, 4)
    if any(m.mark.kind == "cut" for m in signs):
        return Metre(2, 2)
    above = "".join(m.mark.kind[-1] for m in signs if m.position > 0)
    below = "".join(m.mark.kind[-1] for m in signs if m.position < 0)
    if not above or not below or int(below) not in _UNITS or not 0 < int(above) <= 32:
        return None
    return Metre(int(above), int(below))
