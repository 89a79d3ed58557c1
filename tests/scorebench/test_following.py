"""Pages of a piece, followed together by a tracker that can."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from scorebench.authors_layout import AuthorsDataset
from scorebench.run import RunSpec, run
from scorebench.score import ScoreView
from scorebench.tracker import Job, Position, Positions, follow
from tests.scorebench.helpers import TINY, RaisesOnPage, Wanderer

PAGES = 4
"""Of the three pieces of ``TINY``: one has two, the others one."""


class Crowd(Wanderer):
    """Follows many pages at once; ``answer`` is what it makes of the true trajectories."""

    def __init__(self, answer: Callable[[list[Positions]], list[Positions]] = lambda said: said) -> None:
        self.answer, self.opened, self.together = answer, 0, list[int]()

    def open(self, score: ScoreView, seed: int) -> Wanderer:
        self.opened += 1
        return super().open(score, seed)

    def follow_many(self, jobs: list[Job], seed: int) -> list[Positions]:
        self.together.append(len(jobs))
        return self.answer([follow(Wanderer(), score, audio, frames, seed) for score, audio, frames in jobs])


def spec(tracker: object) -> RunSpec:
    return RunSpec("wanderer", tracker, AuthorsDataset(TINY), "full")


def test_pages_of_a_piece_are_followed_together_and_the_run_is_the_same(tmp_path: Path) -> None:
    crowd = Crowd()
    together, failures = run(spec(crowd), tmp_path / "together")
    alone, _ = run(spec(Wanderer()), tmp_path / "alone")
    assert (failures, crowd.together, crowd.opened) == ([], [2], PAGES - 2)
    for name in ("manifest.json", "trajectories.parquet", "errors.parquet"):
        assert (together.path / name).read_bytes() == (alone.path / name).read_bytes()


def lost(said: list[Positions]) -> list[Positions]:
    return [said[0], Positions.from_list(said[1].frame, [Position(np.nan, 0)] * len(said[1]))]


def raises(said: list[Positions]) -> list[Positions]:
    raise ZeroDivisionError


def test_pages_that_were_followed_before_are_not_followed_again(tmp_path: Path) -> None:
    """The third page to be opened is one of the two."""
    _, failures = run(spec(RaisesOnPage(3)), tmp_path)
    crowd = Crowd()
    folder, again = run(spec(crowd), tmp_path)
    assert (len(failures), again, crowd.together, crowd.opened) == (1, [], [], 1)
    alone, _ = run(spec(Wanderer()), tmp_path / "alone")
    assert (folder.path / "trajectories.parquet").read_bytes() == (alone.path / "trajectories.parquet").read_bytes()


@pytest.mark.parametrize("answer", [raises, lost, lambda said: said[:1]])
def test_where_that_fails_they_are_followed_one_by_one_and_it_is_said(
    tmp_path: Path, answer: Callable[[list[Positions]], list[Positions]], capsys: pytest.CaptureFixture[str]
) -> None:
    crowd = Crowd(answer)
    mended, failures = run(spec(crowd), tmp_path / "together")
    alone, _ = run(spec(Wanderer()), tmp_path / "alone")
    assert (failures, crowd.together, crowd.opened) == ([], [2], PAGES)
    assert (mended.path / "trajectories.parquet").read_bytes() == (alone.path / "trajectories.parquet").read_bytes()
    assert capsys.readouterr().err.count("its pages one by one, since together: ") == 1
