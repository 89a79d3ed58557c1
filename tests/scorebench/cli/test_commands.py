"""The command line end to end, as a user or a script meets it."""

import csv
import json
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from scorebench.cli import cli
from tests.scorebench.helpers import PIECES, TINY, copy_tiny

DATA = ("--dataset", str(TINY))


def scorebench(*words: object, cwd: Path, code: int = 0, **env: str) -> subprocess.CompletedProcess[str]:
    import os

    done = subprocess.run(
        [sys.executable, "-m", "scorebench.cli", *map(str, words)],
        cwd=cwd,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr
    return done


def ran(tmp_path: Path, *trackers: str) -> Path:
    words = [word for name in trackers for word in ("--tracker", name)]
    scorebench("run", *words, "--split", "full", *DATA, cwd=tmp_path)
    return tmp_path / "runs" / "dataset" / "full"


def test_help_is_fast_and_every_command_has_an_example(tmp_path: Path) -> None:
    scorebench("--help", cwd=tmp_path)
    began = time.perf_counter()
    top = scorebench("--help", cwd=tmp_path)
    # A generous bound for a busy machine; the README's figure is 0.3 s. Importing pandas alone would break it.
    assert time.perf_counter() - began < 1.5
    names = [line.split()[0] for line in top.stdout.split("Commands:")[1].splitlines() if line.startswith("  ")]
    assert {"run", "score", "table", "check", "trackers", "check-tracker", "data", "bench"} <= set(names)
    for name in names:
        assert "Example" in scorebench(name, "--help", cwd=tmp_path).stdout, name


def test_nothing_heavy_is_imported_for_help() -> None:
    code = (
        "import sys; import scorebench.cli; print([m for m in ('numpy','pandas','torch','rich') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_run_then_score_again_gives_the_same_figures(tmp_path: Path) -> None:
    folder = ran(tmp_path, "oracle") / "oracle"
    before = (folder / "metrics.json").read_bytes()
    (folder / "metrics.json").unlink()
    (folder / "errors.parquet").unlink()
    printed = scorebench("score", folder, *DATA, cwd=tmp_path).stdout
    assert (folder / "metrics.json").read_bytes() == before
    assert "strict" in printed
    assert "1.000" in printed


def test_several_processes_do_the_following(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = ran(tmp_path, "oracle", "steady")
    monkeypatch.setattr("scorebench.following.follow", lambda *_: pytest.fail("this process followed a page"))
    words = ["run", "--tracker", "oracle", "--tracker", "steady", "--split", "full", *DATA, "--jobs", "2"]
    done = CliRunner().invoke(cli, [*words, "--out", str(tmp_path / "together")])
    assert (done.exit_code, done.exception) == (0, None), done.output
    for name in ("oracle", "steady"):
        theirs = tmp_path / "together/dataset/full" / name
        for file in ("trajectories.parquet", "errors.parquet", "metrics.json", "manifest.json"):
            assert (theirs / file).read_bytes() == (alone / name / file).read_bytes()
    assert {line.split()[0] for line in done.stderr.splitlines() if "strict" in line} == {"oracle", "steady"}


def test_what_fails_in_another_process_is_told(tmp_path: Path) -> None:
    data = copy_tiny(tmp_path / "damaged")
    (data / f"{PIECES[0]}.wav").write_bytes(b"no sound")
    words = ("run", "--tracker", "still", "--split", "full", "--dataset", data, "--jobs", 2)
    assert f"failed: still, full: {PIECES[0]}" in scorebench(*words, cwd=tmp_path, code=1).stderr


def test_positions_of_other_code_are_scored_like_our_own(tmp_path: Path) -> None:
    folder = ran(tmp_path, "steady") / "steady"
    trajectories = pd.read_parquet(folder / "trajectories.parquet")
    trajectories.to_csv(tmp_path / "mine.csv", index=False)
    done = scorebench(
        "score", "--positions", "mine.csv", *DATA, "--split", "full", "--json", "--errors", "e.csv", cwd=tmp_path
    )
    assert json.loads(done.stdout) == json.loads((folder / "metrics.json").read_text())
    assert len(pd.read_csv(tmp_path / "e.csv")) == len(pd.read_parquet(folder / "errors.parquet"))


def test_missing_positions_are_misses_unless_held(tmp_path: Path) -> None:
    folder = ran(tmp_path, "oracle") / "oracle"
    trajectories = pd.read_parquet(folder / "trajectories.parquet")
    trajectories.iloc[::2].to_csv(tmp_path / "half.csv", index=False)
    words = ("score", "--positions", "half.csv", *DATA, "--split", "full", "--json")
    missed = json.loads(scorebench(*words, cwd=tmp_path).stdout)["strict"]
    held = json.loads(scorebench(*words, "--hold", cwd=tmp_path).stdout)["strict"]
    assert missed["unanswered"] > 0.4 * missed["onsets"]
    assert held["unanswered"] < 10
    assert held["micro"][4] > missed["micro"][4]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("piece,page,frame,x_px\n", "y_px missing"),
        ("", "no readable CSV"),
        ("piece,page,frame,x_px,y_px\nelsewhere,0,1,2,3\n", "no piece 'elsewhere'"),
        (f"piece,page,frame,x_px,y_px\n{PIECES[0]},0,one,2,3\n", "no number"),
        (f"piece,page,frame,x_px,y_px\n{PIECES[0]},0,1,2,3\n{PIECES[0]},0,1,2,3\n", "twice"),
        ("piece,page,frame,x_px,y_px\n", "no answer"),
        (f"piece,page,frame,x_px,y_px\n{PIECES[0]},0,1,2,3\n{PIECES[0]},0,1.5,2,3\n", "line 3: page and frame are"),
        (f"piece,page,frame,x_px,y_px\n{PIECES[0]},0,-1,2,3\n", "line 2: page and frame are"),
        (f"piece,page,frame,x_px,y_px\n{PIECES[0]},0,1,,3\n", "line 2: page and frame are"),
        (f"piece,page,frame,x_px,y_px\n{PIECES[0]},9,1,2,3\n", "has no page 9"),
    ],
)
def test_bad_positions_are_one_clear_line(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "bad.csv").write_text(text)
    done = scorebench("score", "--positions", "bad.csv", *DATA, "--split", "full", cwd=tmp_path, code=1)
    assert says in done.stderr
    assert "bad.csv" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("run", "--tracker", "orcale", "--split", "full", *DATA), "did you mean oracle?"),
        (("run", "--tracker", "oracle", "--split", "room", *DATA), "has no split 'room'"),
        (("run", "--tracker", "oracle", "--split", "full", "--dataset", "nothing-here"), "nothing-here"),
        (("run", "--tracker", "oracle", "--split", "full", *DATA, "--piece", "no"), "no piece called no"),
        (("run",), "--tracker"),
        (("score",), "--positions"),
        (("score", "nowhere"), "no run here"),
        (("check", "--against", "nothing.json"), "nothing.json"),
        (("table", "--no-run", *DATA, "--tracker", "oracle"), "no complete run"),
        (("table", *DATA, "--checkpoint", "mine.safetensors"), "name it with --tracker"),
        (("table", *DATA, "--tracker", "still", "--checkpoint", "mine.safetensors"), "checkpoint"),
        (("nonsense",), "No such command"),
    ],
)
def test_wrong_usage_is_exit_code_2_and_a_clear_line(tmp_path: Path, words: tuple, says: str) -> None:
    assert says in scorebench(*words, cwd=tmp_path, code=2).stderr


def test_a_failed_piece_is_exit_code_1_and_one_line(tmp_path: Path) -> None:
    data = copy_tiny(tmp_path / "data", *PIECES[:2])
    (data / f"{PIECES[0]}.wav").unlink()
    done = scorebench("run", "--tracker", "still", "--split", "full", "--dataset", data, cwd=tmp_path, code=1)
    lines = [line for line in done.stderr.splitlines() if line.startswith("failed:")]
    assert len(lines) == 1
    assert f"{PIECES[0]}.wav: no such sound file" in lines[0]


def test_table_runs_what_is_missing_and_says_what_it_is_made_from(tmp_path: Path) -> None:
    words = ("table", *DATA, "--tracker", "oracle", "--tracker", "still", "--tracker", "steady")
    text = scorebench(*words, "--paper", cwd=tmp_path).stdout
    assert "Dataset dataset (sha256 " in text
    assert "oracle (ceiling)" in text
    assert "cyolo-ir (paper)" in text
    bold = [line for line in text.splitlines() if "**" in line]
    assert bold
    assert all(line.startswith(("| steady", "| still")) for line in bold)
    latex = scorebench(*words, "--format", "latex", cwd=tmp_path).stdout
    assert latex.count(r"\midrule") == 1
    assert r"\textbf{" in latex
    rows = list(csv.DictReader(scorebench(*words, "--format", "csv", cwd=tmp_path).stdout.splitlines()))
    assert {(row["tracker"], row["protocol"]) for row in rows} == {
        (t, p) for t in ("oracle", "still", "steady") for p in ("strict", "cyolo-2021")
    }


def test_a_table_of_what_was_run_names_what_was_not(tmp_path: Path) -> None:
    ran(tmp_path, "still")
    done = scorebench("table", "--no-run", *DATA, "--tracker", "oracle", "--tracker", "still", cwd=tmp_path)
    assert "| still" in done.stdout
    assert "| oracle" not in done.stdout
    assert done.stderr.strip() == "not run: oracle on full"
    assert scorebench("table", "--no-run", *DATA, cwd=tmp_path).stdout == done.stdout


def test_a_table_does_not_mix_datasets(tmp_path: Path) -> None:
    data = copy_tiny(tmp_path / "data", PIECES[0])
    words = ("table", "--dataset", data, "--tracker", "still")
    first = scorebench(*words, cwd=tmp_path).stdout
    with (data / f"{PIECES[0]}.wav").open("ab") as file:
        file.write(bytes(4096))
    assert "does not mix" in scorebench(*words, "--no-run", cwd=tmp_path, code=2).stderr
    assert scorebench(*words, cwd=tmp_path).stdout != first


def test_a_table_does_not_throw_away_a_run_of_some_pieces(tmp_path: Path) -> None:
    words = ("table", *DATA, "--tracker", "still")
    mine = scorebench(*words, "--piece", PIECES[0], cwd=tmp_path).stdout
    refused = scorebench(*words, cwd=tmp_path, code=2).stderr
    assert "it differs in pieces" in refused
    assert "--out" in refused
    assert scorebench(*words, "--piece", PIECES[0], "--no-run", cwd=tmp_path).stdout == mine


def stored(tmp_path: Path) -> Path:
    done = scorebench("table", *DATA, "--tracker", "oracle", "--format", "json", cwd=tmp_path)
    (tmp_path / "stored.json").write_text(done.stdout)
    return tmp_path / "stored.json"


def test_check_passes_on_what_was_stored_and_fails_when_a_ratio_fell(tmp_path: Path) -> None:
    path = stored(tmp_path)
    assert "check passed" in scorebench("check", "--against", path, *DATA, cwd=tmp_path).stdout
    value = json.loads(path.read_text())
    value["sections"][0]["rows"][0]["ratios"]["cyolo-2021"][0] += 0.05
    path.write_text(json.dumps(value))
    done = scorebench("check", "--against", path, *DATA, cwd=tmp_path, code=1)
    assert "WORSE full, oracle, cyolo-2021, ≤0.05 s: fell from" in done.stdout
    assert "check failed" in done.stdout
    scorebench("check", "--against", path, *DATA, "--tolerance", "0.06", cwd=tmp_path)


def test_check_refuses_other_data(tmp_path: Path) -> None:
    path = stored(tmp_path)
    value = json.loads(path.read_text())
    value["dataset_hash"] = "0" * 64
    path.write_text(json.dumps(value))
    assert "other ratios" in scorebench("check", "--against", path, *DATA, cwd=tmp_path, code=2).stderr
    scorebench("check", "--against", path, *DATA, "--other-data", cwd=tmp_path)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"sections": [{"split": 3}]}'])
def test_a_stored_table_that_is_none_is_said(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.json").write_text(text)
    done = scorebench("check", "--against", "bad.json", *DATA, cwd=tmp_path, code=2)
    assert "bad.json: not a table" in done.stderr


@pytest.mark.slow
def test_the_whole_table_on_mini_shows_what_the_readme_says(tmp_path: Path) -> None:
    done = scorebench("table", "--dataset", "mini", "--format", "json", cwd=tmp_path)
    sections = {s["split"]: {r["tracker"]: r["ratios"] for r in s["rows"]} for s in json.loads(done.stdout)["sections"]}
    assert list(sections) == ["full", "subset-synthetic", "subset-performance", "subset-direct", "subset-room"]
    for rows in sections.values():
        assert rows["oracle"]["strict"] == [1.0] * 5
    assert sections["full"]["score-dtw"]["strict"][2] > 0.90
    performed = sections["subset-performance"]
    assert performed["score-dtw"]["strict"][2] > performed["steady"]["strict"][2] + 0.3
