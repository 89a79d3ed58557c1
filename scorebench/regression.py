"""Compare a fresh table with a stored one: the regression gate."""

from dataclasses import dataclass

from scorebench.table import Table
from scorebench.timebase import THRESHOLDS_S


@dataclass(frozen=True)
class Change:
    """One ratio that moved by more than the tolerance."""

    split: str
    tracker: str
    protocol: str
    threshold_s: float
    before: float
    now: float

    @property
    def worse(self) -> bool:
        """Whether it fell."""
        return self.now < self.before

    def __str__(self) -> str:
        word = "fell" if self.worse else "rose"
        return (
            f"{self.split}, {self.tracker}, {self.protocol}, ≤{self.threshold_s:g} s: "
            f"{word} from {self.before:.4f} to {self.now:.4f} ({self.now - self.before:+.4f})"
        )


def compare(stored: Table, now: Table, tolerance: float) -> list[Change]:
    """Every stored ratio of ours that moved by more than ``tolerance`` (a ratio, 0.01 is one onset in a hundred)."""
    fresh = {(s.split, row.tracker): row.ratios for s in now.sections for row in s.rows if row.kind != "paper"}
    changes = []
    for section in stored.sections:
        for row in section.rows:
            if row.kind == "paper":
                continue
            for protocol, ratios in row.ratios.items():
                values = fresh[section.split, row.tracker][protocol]
                for threshold, before, value in zip(THRESHOLDS_S, ratios, values, strict=True):
                    if abs(value - before) > tolerance:
                        changes.append(Change(section.split, row.tracker, protocol, threshold, before, value))
    return changes
