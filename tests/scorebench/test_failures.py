"""Verdicts on the onsets of a run."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from scorebench.authors_layout import AuthorsDataset
from scorebench.cli.failures import failures as command
from scorebench.errors import UsageError
from scorebench.failures import VERDICTS, count, judge
from scorebench.results import RunFolder
from scorebench.run import RunSpec, run
from scorebench.score import ScoreView
from scorebench.tracker import Position
from tests.scorebench.helpers import PIECES, TINY


@dataclass
class Shifted:
    """Answers the truth of some seconds later, some systems further down."""

    later_s: float = 0.0
    down: int = 0
    given: frozenset[str] = frozenset({"truth", "systems"})

    def open(self, score: ScoreView, seed: int) -> "Shifted":
        follower = Shifted(self.later_s, self.down)
        follower.truth, follower.systems, follower.heard = score.truth, np.sort(score.systems["y_px"]), 0
        return follower

    def hear(self, samples: np.ndarray) -> Position:
        self.heard += len(samples)
        begun = self.truth[self.truth["onset_s"] <= self.heard / 22_050 + self.later_s]
        row = begun.iloc[-1] if len(begun) else self.truth.iloc[0]
        system = int(np.abs(self.systems - row["y_px"]).argmin())
        return Position(row["x_px"], self.systems[(system + self.down) % len(self.systems)])


def verdicts(tmp_path: Path, tracker: Shifted) -> dict[str, float]:
    dataset = AuthorsDataset(TINY)
    folder, failed = run(RunSpec("shifted", tracker, dataset, "full", only=PIECES[:1]), tmp_path)
    assert not failed
    rows = count(judge(folder, dataset), "piece")
    assert rows.index.tolist() == [PIECES[0], "all"]
    assert rows.loc["all", "onsets"] == rows.loc[PIECES[0], "onsets"] == 102
    assert sum(rows.loc["all", v] for v in VERDICTS) == pytest.approx(1)
    return {v: float(rows.loc["all", v]) for v in VERDICTS}


def test_the_truth_is_tracked(tmp_path: Path) -> None:
    assert verdicts(tmp_path, Shifted())["tracked"] == 1


def test_too_early_and_too_late(tmp_path: Path) -> None:
    early, late = verdicts(tmp_path / "a", Shifted(1.5)), verdicts(tmp_path / "b", Shifted(-1.5))
    assert early["ahead"] > 0.6
    assert early["behind"] == 0
    assert late["behind"] > 0.6
    assert late["ahead"] == 0


def test_other_systems(tmp_path: Path) -> None:
    assert verdicts(tmp_path / "a", Shifted(down=1))["next system"] > 0.5
    assert verdicts(tmp_path / "b", Shifted(down=2))["lost"] > 0.3


def test_no_run_and_other_data(tmp_path: Path) -> None:
    dataset = AuthorsDataset(TINY)
    with pytest.raises(UsageError, match="no complete run"):
        judge(RunFolder(tmp_path), dataset)
    folder, _ = run(RunSpec("shifted", Shifted(), dataset, "full", only=PIECES[:1]), tmp_path)
    dataset.__dict__["hash"] = "0" * 64
    with pytest.raises(UsageError, match="other data"):
        judge(folder, dataset)


def test_on_the_command_line(tmp_path: Path) -> None:
    run(RunSpec("shifted", Shifted(), AuthorsDataset(TINY), "full", only=PIECES[:1]), tmp_path)
    done = CliRunner().invoke(command, [str(tmp_path / "dataset/full/shifted"), "--dataset", str(TINY), "--by", "page"])
    assert done.exception is None
    assert f"{PIECES[0]} 0" in done.output
    assert "1.000" in done.output
