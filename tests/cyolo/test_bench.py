"""What `scorebench bench cyolo` says that is not a time."""

import pytest
import torch

from cyolo import bench
from scorebench.samplepage import sample_recording


def test_the_weights_that_ship_answer_as_by_the_plain_schedule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "ASKED_PLAIN", 5)
    with torch.inference_mode():
        row = bench._compare(bench._network(), sample_recording().pages[0].image, 5, peak=1.0)
    assert float(str(row["worst logit difference"])) <= 1e-4
    assert row["same cell"] == "yes"
    assert row["million MACs a frame"] == pytest.approx(215, abs=1)
    # More than the 5.5 MB of the weights: Winograd's are larger.
    assert row["MB read a frame"] == pytest.approx(12.4, abs=0.1)
