"""Pages to train on: as they are, and so small that a step takes no time."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from baselines.cunet.training.material import page_of  # noqa: E402 - needs torch
from scorebench.authors_layout import AuthorsDataset  # noqa: E402
from scorebench.learning.pages import TrainingPage, training_pages  # noqa: E402
from tests.scorebench.helpers import TINY  # noqa: E402

TIMES_SMALLER = 8


@pytest.fixture(scope="session")
def pages() -> list[TrainingPage]:
    return training_pages(AuthorsDataset(TINY), "full", page_of)


@pytest.fixture(scope="session")
def small_pages(pages: list[TrainingPage]) -> list[TrainingPage]:
    """The first is narrower than the others."""

    def shrink(page: TrainingPage, columns: int) -> TrainingPage:
        small = np.ascontiguousarray(page.picture[::TIMES_SMALLER, ::TIMES_SMALLER][:, :columns])
        shifts = (-1, 3, -1, 1)
        return replace(page, picture=small, shifts=shifts, box=page.box / np.float32([8, 8, 1, 8]))

    return [shrink(page, 32 if number == 0 else 35) for number, page in enumerate(pages)]
