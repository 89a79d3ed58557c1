"""A room is a convolution, whatever the lengths, and the end of the reverberation is cut off."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from scorebench.learning.sound import in_room  # noqa: E402 - needs torch


@pytest.mark.parametrize(("samples", "taps"), [(1, 1), (7, 3), (3, 7), (1000, 999), (1009, 128)])
def test_in_a_room(samples: int, taps: int) -> None:
    random = np.random.default_rng(samples)
    dry, response = (random.normal(size=n).astype(np.float32) for n in (samples, taps))
    wet = in_room(torch.from_numpy(dry), torch.from_numpy(response))
    np.testing.assert_allclose(wet.numpy(), np.convolve(dry, response)[:samples], atol=1e-4)
