"""What following costs when the reading is perfect: ``python -m tests.baselines.omr.perfect subset-room 0.5``.

Prints the ratios of ``omr``, whose engine knows mini's notes by heart, under ``strict``. The second word says how
many seconds of the score's own time the reading takes for a quarter; a third and more, at which tempi it is played.
"""

import sys
import tempfile
from pathlib import Path

from baselines.omr import tracker
from scorebench.dataset import open_dataset
from scorebench.run import RunSpec, run
from tests.baselines.omr.truth import TruthEngine

THRESHOLDS_S = (0.05, 0.1, 0.5, 1.0, 5.0)


def ratios(split: str, quarter_s: float) -> list[float]:
    """Shares of mini's onsets that are answered within ``THRESHOLDS_S``."""
    dataset = open_dataset("mini")
    perfect = tracker.OmrTracker(TruthEngine(dataset, dataset.pieces(split), quarter_s))
    with tempfile.TemporaryDirectory() as folder:
        done, failures = run(RunSpec("omr", perfect, dataset, split), Path(folder))
        assert failures == []
        errors = done.errors()["error_s"].abs()
    return [float((errors <= threshold).mean()) for threshold in THRESHOLDS_S]


if __name__ == "__main__":
    split, quarter_s, *tempi = sys.argv[1:]
    if tempi:
        tracker.QUARTERS_A_MINUTE = tuple(float(tempo) for tempo in tempi)
    found = ratios(split, float(quarter_s))
    print(", ".join(f"{t:g} s: {r:.3f}" for t, r in zip(THRESHOLDS_S, found, strict=True)))
