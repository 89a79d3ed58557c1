"""The benchmark, shortened: its rows have what they promise."""

import numpy as np
import pytest

from baselines.omr import bench
from scorebench.omr import Reading
from tests.scorebench.readings import small_reading

pytest.importorskip("torch")


class Reads:
    def read(self, page: np.ndarray) -> Reading:
        return small_reading()


def test_a_row_a_page_of_the_first_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.scorebench.helpers import TINY

    monkeypatch.setenv("SCOREBENCH_DATASET", str(TINY))
    monkeypatch.setattr(bench, "load_engine", lambda name: Reads())
    monkeypatch.setattr(bench, "MINUTES", 1 / 30)
    rows = bench.run()
    assert [row["page"] for row in rows] == list(range(len(rows)))
    for row in rows:
        assert row["notes read"] == 7
        assert row["rendering 4 tempi (s)"] > 0
        assert row["real-time factor"] > 0
        assert 0 <= row["a hop (ms)"] <= row["99 % below (ms)"]
