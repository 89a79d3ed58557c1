"""Trackers that draw their answers: several runs, one row."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from scorebench.authors_layout import AuthorsDataset
from scorebench.batch import run_all, specs_for
from scorebench.cli import cli
from scorebench.errors import UsageError
from scorebench.layout import to_csv, to_latex, to_markdown
from scorebench.run import RunSpec, run_folder
from scorebench.score import ScoreView
from scorebench.table import Table, collect, from_json, to_json
from scorebench.tracker import Position, Positions
from tests.scorebench.helpers import PIECES, TINY, Wanderer


class Dice:
    """Points anywhere on the page: where, is drawn when it is opened."""

    given = frozenset({"systems"})
    stochastic = True

    def open(self, score: ScoreView, seed: int) -> "Dice":
        rng, height = np.random.default_rng(seed), score.pages[0].shape[0]
        self.place = Position(float(rng.uniform(100, 700)), float(rng.uniform(100, height - 100)))
        return self

    def hear(self, samples: np.ndarray) -> Position:
        return self.place


class Cup(Dice):
    """Throws many dice at once, unless it ``spills``."""

    def __init__(self, spills: bool = False) -> None:
        self.spills, self.thrown, self.opened = spills, [], 0

    def open(self, score: ScoreView, seed: int) -> "Dice":
        self.opened += 1
        return super().open(score, seed)

    def follow_seeds(self, score: ScoreView, audio: np.ndarray, frames: np.ndarray, seeds: list) -> list[Positions]:
        self.thrown.append(list(seeds))
        places = [Dice().open(score, seed).place for seed in seeds[int(self.spills) :]]
        if self.spills:
            raise RuntimeError("spilt")
        return [Positions.from_list(frames, [place] * len(frames)) for place in places]


@pytest.fixture
def dice(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"dice": Dice(), "wanderer": Wanderer()}
    monkeypatch.setattr("scorebench.batch.load", lambda name, options=None: found[name])


def specs(seeds: int, seed: int = 0) -> list[RunSpec]:
    return specs_for(["dice", "wanderer"], AuthorsDataset(TINY), ["full"], seed, PIECES[:1], seeds=seeds)


@pytest.fixture
def table(dice: None, tmp_path: Path) -> Table:
    assert run_all(specs(3, seed=4), tmp_path) == []
    return collect(specs(3, seed=4), tmp_path)


def test_only_who_draws_is_run_with_several_seeds(dice: None) -> None:
    assert [(s.tracker_name, s.seed) for s in specs(3, seed=4)] == [
        ("dice", 4),
        ("dice", 5),
        ("dice", 6),
        ("wanderer", 4),
    ]


def test_runs_with_other_seeds_lie_beside(dice: None, tmp_path: Path) -> None:
    run_all(specs(2), tmp_path)
    folders = [run_folder(tmp_path, spec) for spec in specs(2)]
    assert [folder.path.name for folder in folders] == ["dice", "dice@1", "wanderer"]
    assert [folder.manifest["identity"]["seed"] for folder in folders] == [0, 1, 0]


def test_a_row_is_mean_and_standard_deviation(table: Table, tmp_path: Path) -> None:
    drawn, steady = table.sections[0].rows
    runs = [json.loads((tmp_path / f"{TINY.name}/full/dice@{n}/metrics.json").read_text()) for n in (4, 5, 6)]
    for protocol in ("cyolo-2021", "strict"):
        micro = np.array([one[protocol]["micro"] for one in runs])
        np.testing.assert_allclose(drawn.ratios[protocol], micro.mean(axis=0))
        np.testing.assert_allclose(drawn.spread[protocol], micro.std(axis=0))
        assert max(drawn.spread[protocol]) > 0
    assert (drawn.seeds, steady.seeds, steady.spread) == (3, 1, {})


def test_one_seed_alone_has_no_spread(dice: None, tmp_path: Path) -> None:
    run_all(specs(1), tmp_path)
    rows = collect(specs(1), tmp_path).sections[0].rows
    assert [(row.tracker, row.seeds, row.spread) for row in rows] == [("dice", 1, {}), ("wanderer", 1, {})]
    with pytest.raises(UsageError, match="dice@1: no complete run"):
        collect(specs(2), tmp_path)


def test_it_is_printed_with_its_spread(table: Table) -> None:
    row = table.sections[0].rows[0]
    last = f"{row.ratios['strict'][-1]:.3f}", f" ± {row.spread['strict'][-1]:.3f}"
    assert f"{last[0]}{last[1]}" in to_markdown(table).replace("**", "")
    assert "over 3 seeds" in to_markdown(table)
    in_latex = [line for line in to_latex(table).splitlines() if not line.startswith("%")]
    assert any(r"$\pm$" in line for line in in_latex)
    assert not any("±" in line for line in in_latex)


def test_csv_and_json_keep_it(table: Table) -> None:
    lines = list(csv.DictReader(io.StringIO(to_csv(table))))
    row = table.sections[0].rows[0]
    mine = next(line for line in lines if line["tracker"] == "dice" and line["protocol"] == "strict")
    assert mine["seeds"] == "3"
    assert float(mine["sd_5.00"]) == pytest.approx(row.spread["strict"][-1], abs=1e-6)
    assert next(line["sd_5.00"] for line in lines if line["tracker"] == "wanderer") == ""
    assert from_json(to_json(table), "here") == table


def test_a_table_stored_before_there_were_seeds_is_read(table: Table) -> None:
    old = json.loads(to_json(table))
    for row in old["sections"][0]["rows"]:
        del row["seeds"], row["spread"]
    assert [row.seeds for row in from_json(json.dumps(old), "old").sections[0].rows] == [1, 1]


@pytest.mark.parametrize("spills", [False, True])
def test_who_can_follows_all_seeds_at_once(
    dice: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, spills: bool
) -> None:
    alone = run_all(specs(3), tmp_path / "alone"), collect(specs(3), tmp_path / "alone")
    cup = Cup(spills)
    found = {"dice": cup, "wanderer": Wanderer()}
    monkeypatch.setattr("scorebench.batch.load", lambda name, options=None: found[name])
    together = run_all(specs(3), tmp_path / "together"), collect(specs(3), tmp_path / "together")
    assert together == alone
    pages = alone[1].sections[0].rows[0].pages
    assert cup.thrown == [[0, 1, 2]] * pages
    assert cup.opened == (3 * pages if spills else 0)


def test_only_seeds_that_are_missing_are_followed(dice: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    run_all(specs(1, seed=1), tmp_path)
    cup = Cup()
    found = {"dice": cup, "wanderer": Wanderer()}
    monkeypatch.setattr("scorebench.batch.load", lambda name, options=None: found[name])
    run_all(specs(3), tmp_path)
    assert set(map(tuple, cup.thrown)) == {(0, 2)}


def test_commands_run_and_check_them(dice: None, tmp_path: Path) -> None:
    common = ["--dataset", str(TINY), "--out", str(tmp_path / "runs")]
    run = [*common, "--tracker", "dice", "--piece", PIECES[0]]
    assert CliRunner().invoke(cli, ["run", *run, "--split", "full", "--seeds", "2"]).exit_code == 0
    made = CliRunner().invoke(cli, ["table", *run, "--split", "full", "--seeds", "2", "--no-run", "--format", "json"])
    assert made.exit_code == 0
    stored = tmp_path / "stored.json"
    stored.write_text(made.output)
    assert CliRunner().invoke(cli, ["check", "--against", str(stored), *common]).exit_code == 0
    changed = json.loads(made.output)
    changed["sections"][0]["rows"][0]["ratios"]["strict"] = [1.0] * 5
    stored.write_text(json.dumps(changed))
    assert CliRunner().invoke(cli, ["check", "--against", str(stored), *common]).exit_code == 1
