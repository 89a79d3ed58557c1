import numpy as np
import pytest

from baselines.omr.recogniser.marks import UNIT, Mark
from baselines.omr.recogniser.symbols import PROPERTIES, RESTS


@pytest.fixture
def mark():
    """Makes a mark of which everything is sure."""

    def make(kind, x, y, **said):
        says = {}
        if said or kind in RESTS:
            says = {n: np.eye(size)[said.get(n, 0)] * 0.98 + 0.01 for n, size in PROPERTIES.items()}
        return Mark(kind, x, y, 1.0, says, x + said.get("aside", 0) * UNIT)

    return make


@pytest.fixture
def page():
    """Draws staves as dark lines on white paper."""

    def draw(height, width, middles, interline, left=60, right=None, darkness=120):
        image = np.full((height, width), 255, np.uint8)
        for middle in middles:
            for line in range(-2, 3):
                image[round(middle + line * interline), left : right or width - 60] = 255 - darkness
        return image

    return draw
