"""The course of a training, with a learner that only counts."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
lightning = pytest.importorskip("lightning")

from scorebench.errors import UsageError  # noqa: E402 - needs torch
from scorebench.learning.course import BEST, LAST, Course, Outline, Validations, rooms_hash  # noqa: E402

OUTLINE = Outline("abc", steps=5, visits=4, validate_every=1, precision="32-true", keep_every=100)
LOSSES = [3.0, 1.0, 2.0, 1.0, 4.0]


class Counter(lightning.LightningModule):
    """Finds the losses above by validation; its only weight is how many steps it has seen."""

    def __init__(self, dies_at: int | None = None) -> None:
        super().__init__()
        self.seen = torch.nn.Parameter(torch.zeros(()))
        self.numbers: list[list[int]] = []
        self._dies_at = dies_at

    def training_step(self, numbers: list[int], _: int) -> Any:
        if self.global_step == self._dies_at:
            raise KeyboardInterrupt
        self.numbers.append(numbers)
        return -self.seen

    def validation_step(self, index: int, _: int) -> None:
        self.log("valid_loss", LOSSES[self.global_step - 1] + index - 0.5, batch_size=1)

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=1.0)


def run(
    out: Path, resume: bool = False, dies_at: int | None = None, outline: Outline = OUTLINE
) -> tuple[Course, Counter]:
    course, counter = Course(outline, out, "cpu", resume), Counter(dies_at)
    assert course.run(counter, validations=2)
    return course, counter


@pytest.mark.parametrize(("count", "shares"), [(5, [[0, 2, 4], [1, 3]]), (2, [[0], [1]]), (1, [[0], [0]])])
def test_processes_share_validations_and_none_is_idle(count: int, shares: list[list[int]]) -> None:
    found = []
    for rank in range(2):
        trainer = type("Trainer", (), {"global_rank": rank, "world_size": 2})()
        found.append(list(Validations(trainer, count)))
    assert found == shares


def test_numbers_curve_and_the_best_weights(tmp_path: Path) -> None:
    course, counter = run(tmp_path)
    assert counter.numbers == [[4 * n, 4 * n + 1, 4 * n + 2, 4 * n + 3] for n in range(5)]
    assert course.curve.points == [{"step": n + 1, "valid_loss": loss} for n, loss in enumerate(LOSSES)]
    assert counter.seen.item() == 2  # the first of equals


@pytest.mark.parametrize("dies_at", [1, 2, 3, 4])
def test_the_best_weights_are_still_known_when_the_folder_was_moved(tmp_path: Path, dies_at: int) -> None:
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        run(tmp_path / "here", dies_at=dies_at)
    shutil.move(tmp_path / "here", tmp_path / "there")
    course, counter = run(tmp_path / "there", resume=True)
    assert [numbers[0] for numbers in counter.numbers] == [4 * n for n in range(dies_at, 5)]
    assert [point["valid_loss"] for point in course.curve.points] == LOSSES
    assert counter.seen.item() == 2


def test_a_training_that_is_over_can_be_resumed_and_changes_nothing(tmp_path: Path) -> None:
    run(tmp_path)
    course, counter = run(tmp_path, resume=True)
    assert counter.numbers == []
    assert len(course.curve.points) == 5
    assert counter.seen.item() == 2


def test_the_best_weights_have_to_come_with_the_checkpoint(tmp_path: Path) -> None:
    """Said before the training goes on, not after its end."""
    run(tmp_path)
    (tmp_path / BEST).unlink()
    with pytest.raises(UsageError, match=rf"{BEST}: is not there; copy it"):
        Course(OUTLINE, tmp_path, "cpu", resume=True)


def test_rooms_have_a_hash() -> None:
    rooms = [np.array([1.0, 0.5], np.float32), np.array([0.25], np.float32)]
    assert rooms_hash(rooms) == rooms_hash([torch.from_numpy(room) for room in rooms])
    assert len({rooms_hash(rooms), rooms_hash(rooms[::-1]), rooms_hash([np.concatenate(rooms)]), rooms_hash([])}) == 4


def test_what_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="4 visits cannot be shared by 3 devices"):
        Course(replace(OUTLINE, devices=3), tmp_path, "cpu", resume=False)
    run(tmp_path)
    with pytest.raises(UsageError, match=rf"{LAST}: a training was begun here; pass --resume"):
        Course(OUTLINE, tmp_path, "cpu", resume=False)
    with pytest.raises(UsageError, match=rf"{LAST}: of another training"):
        Course(replace(OUTLINE, fingerprint="abd"), tmp_path, "cpu", resume=True)
