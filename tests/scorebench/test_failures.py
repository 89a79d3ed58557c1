"""Verdicts on the onsets of a run."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from PIL import Image

from scorebench.authors_layout import AuthorsDataset
from scorebench.cli.failures import failures as command
from scorebench.errors import UsageError
from scorebench.failures import VERDICTS, count, judge, printed
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


def test_what_stands_twice_on_a_page_is_told_from_what_stands_once() -> None:
    x_px = [0.0, 10, 20, 30, 40, 50, 60, 70, 20, 30]  # the last two are played from where they were before
    onsets = pd.DataFrame({"position": range(10), "system": 0, "x_px": x_px})
    chords = [[60], [62, 65], [64], [60], [65, 62], [64], [65], [64], [64], [60]]
    rows = [(at, pitch, float(at)) for at, chord in enumerate(chords) for pitch in chord]
    notes = pd.DataFrame(rows, columns=["position", "pitch", "onset_s"])
    again = [2, 5]  # 60, 62 with 65, 64
    assert [at for at, said in enumerate(printed(onsets, notes)) if said == "again on the page"] == again
    repeated = notes.assign(position=notes["position"] + 10, onset_s=notes["onset_s"] + 10)
    twice = pd.concat([onsets, onsets.assign(position=range(10, 20))], ignore_index=True)
    said = printed(twice, pd.concat([notes, repeated]))
    assert [at for at, what in enumerate(said) if what == "again on the page"] == [2, 5, 12, 15]
    assert printed(onsets, notes.assign(pitch=-1)) == ["pitches unknown"] * 10


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
    words = [str(tmp_path / "dataset/full/shifted"), "--dataset", str(TINY), "--by", "repetition"]
    rows = [line.split("|") for line in CliRunner().invoke(command, words).output.splitlines()[2:]]
    counts = {name.strip(): int(onsets) for _, name, onsets, *_ in rows}
    assert counts.pop("all") == sum(counts.values()) == 102
    assert set(counts) <= {"again on the page", "once on the page"}


def colours_of(path: Path) -> set[str]:
    """Which of green, orange and red marks are in a picture (systems are framed in another red)."""
    pixels = np.asarray(Image.open(path).convert("RGB")).reshape(-1, 3)
    named = {"green": (0, 150, 0), "orange": (240, 140, 0), "red": (220, 0, 0)}
    return {name for name, colour in named.items() if (pixels == colour).all(1).any()}


@pytest.mark.parametrize(
    ("tracker", "seen", "unseen"),
    [
        (Shifted(), {"green"}, {"orange", "red"}),
        (Shifted(1.5), {"orange"}, set()),
        (Shifted(down=1), {"red"}, {"orange"}),
    ],
)
def test_a_page_is_drawn_with_how_it_was_followed(
    tmp_path: Path, tracker: Shifted, seen: set[str], unseen: set[str]
) -> None:
    run(RunSpec("shifted", tracker, AuthorsDataset(TINY), "full", only=PIECES[:1]), tmp_path)
    drawn = tmp_path / "page.png"
    asked = [str(tmp_path / "dataset/full/shifted"), "--dataset", str(TINY), "--draw", f"{PIECES[0]}:0"]
    assert CliRunner().invoke(command, [*asked, "-o", str(drawn)]).exit_code == 0
    assert seen <= colours_of(drawn)
    assert not unseen & colours_of(drawn)
    with_ink = (np.asarray(Image.open(drawn)) == 0).all(2).mean()
    assert CliRunner().invoke(command, [*asked, "-o", str(drawn), "--no-ink"]).exit_code == 0
    assert with_ink > 0.01
    assert (np.asarray(Image.open(drawn)) == 0).all(2).mean() == 0


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["--draw", f"{PIECES[0]}:0"], "wants both"),
        (["--draw", PIECES[0], "-o", "x.png"], "names no page"),
        (["--draw", f"{PIECES[0]}:7", "-o", "x.png"], "has pages 0 to"),
        (["--draw", f"{PIECES[1]}:0", "-o", "x.png"], "not in this run"),
    ],
)
def test_a_page_that_cannot_be_drawn(tmp_path: Path, asked: list[str], said: str) -> None:
    run(RunSpec("shifted", Shifted(), AuthorsDataset(TINY), "full", only=PIECES[:1]), tmp_path)
    done = CliRunner().invoke(command, [str(tmp_path / "dataset/full/shifted"), "--dataset", str(TINY), *asked])
    assert isinstance(done.exception, UsageError)
    assert said in str(done.exception)
