"""What `scorebench bench cunet` says that is not a time."""

import pytest

torch = pytest.importorskip("torch")

from baselines.cunet import bench  # noqa: E402 - needs torch


def test_the_weights_that_ship_mark_what_the_plain_network_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "ASKED", 3)
    (row,) = bench.run()
    assert float(str(row["worst difference of a pixel"])) <= 1e-4
    assert all(float(str(value)) > 0 for name, value in row.items() if "ms" in name)
