"""Somebody else's package, installed by entry point, seen through the command line."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.scorebench.cli.test_commands import scorebench
from tests.scorebench.helpers import PIECES, TINY

PLUGIN = Path(__file__).parents[2] / "plugin"


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example plugin where only PYTHONPATH leads, with the metadata that pip would write: no build, no network."""
    target = tmp_path_factory.mktemp("site")
    shutil.copytree(PLUGIN / "scorebench_example_plugin", target / "scorebench_example_plugin")
    project = tomllib.loads((PLUGIN / "pyproject.toml").read_text())["project"]
    info = target / f"scorebench_example_plugin-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n", encoding="utf-8"
    )
    points = [f"{key} = {value}" for key, value in project["entry-points"]["scorebench.trackers"].items()]
    (info / "entry_points.txt").write_text("\n".join(["[scorebench.trackers]", *points, ""]), encoding="utf-8")
    return target


def test_trackers_lists_it_names_what_is_broken_and_goes_on(plugin: Path, tmp_path: Path) -> None:
    done = scorebench("trackers", "--json", cwd=tmp_path, PYTHONPATH=str(plugin))
    rows = {row["name"]: row for row in json.loads(done.stdout)}
    assert {"oracle", "example-sweep", "example-broken", "example-raises"} <= set(rows)
    assert rows["example-sweep"]["package"] == "scorebench-example-plugin 1.2.3"
    assert rows["example-sweep"]["about"] == "Sweeps down the middle of the page, 30 pixels a second."
    assert "a_package_that_nobody_has" in rows["example-broken"]["error"]
    text = scorebench("trackers", cwd=tmp_path, PYTHONPATH=str(plugin)).stdout
    assert "CANNOT BE USED" in text
    assert "steady" in text


def test_it_is_checked_and_run_like_our_own(plugin: Path, tmp_path: Path) -> None:
    done = scorebench("check-tracker", "example-sweep", cwd=tmp_path, PYTHONPATH=str(plugin))
    assert "example-sweep: 10 of 10 checks passed, 3 skipped" in done.stdout
    words = ("run", "--tracker", "example-sweep", "--split", "full", "--dataset", TINY)
    scorebench(*words, cwd=tmp_path, PYTHONPATH=str(plugin))
    manifest = json.loads((tmp_path / "runs/dataset/full/example-sweep/manifest.json").read_text())
    assert manifest["identity"]["tracker_package"] == "scorebench-example-plugin 1.2.3"


def test_its_code_is_part_of_a_run(plugin: Path, tmp_path: Path) -> None:
    """While it is being written its version stays and its code changes."""
    site = shutil.copytree(plugin, tmp_path / "site")
    words = ("--dataset", TINY, "--piece", PIECES[0])
    env = {"PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1"}
    scorebench("run", "--tracker", "example-sweep", "--split", "full", *words, cwd=tmp_path, **env)
    again = scorebench("run", "--tracker", "example-sweep", "--split", "full", *words, cwd=tmp_path, **env)
    assert "(as it was run before)" in again.stderr
    before = scorebench("table", "--tracker", "example-sweep", *words, cwd=tmp_path, **env).stdout
    code = site / "scorebench_example_plugin" / "sweep.py"
    code.write_text(code.read_text().replace("30", "15"))
    refused = scorebench("run", "--tracker", "example-sweep", "--split", "full", *words, cwd=tmp_path, code=2, **env)
    assert "differs in tracker_code" in refused.stderr
    assert scorebench("table", "--tracker", "example-sweep", *words, cwd=tmp_path, **env).stdout != before


def test_one_that_does_not_import_is_one_clear_line(plugin: Path, tmp_path: Path) -> None:
    done = scorebench("check-tracker", "example-broken", cwd=tmp_path, code=1, PYTHONPATH=str(plugin))
    assert len(done.stderr.strip().splitlines()) == 1
    assert "example-broken" in done.stderr
    assert "a_package_that_nobody_has" in done.stderr


def test_one_that_raises_on_a_page_loses_that_page(plugin: Path, tmp_path: Path) -> None:
    words = ("run", "--tracker", "example-raises", "--split", "full", "--dataset", TINY)
    done = scorebench(*words, cwd=tmp_path, code=1, PYTHONPATH=str(plugin))
    lines = [line for line in done.stderr.splitlines() if line.startswith("failed:")]
    said = "RuntimeError: no staff lines here (raises.py, line 15)"
    assert lines == [f"failed: example-raises, full: {PIECES[1]} page 0: {said}"]


def test_a_table_leaves_out_the_broken_one_and_marks_the_failed_page(plugin: Path, tmp_path: Path) -> None:
    """Of four trackers: all of ours take minutes."""
    code = (
        "import scorebench.batch as batch; from scorebench.cli import main; every = batch.registered(); "
        "batch.registered = lambda: {n: at for n, at in every.items() if n == 'still' or n.startswith('example-')}; "
        "main()"
    )
    words = ["table", "--dataset", str(TINY), "--piece", PIECES[0], "--piece", PIECES[1]]
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(plugin)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "left out: tracker 'example-broken'" in done.stderr
    rows = [line.split("|")[1].strip() for line in done.stdout.splitlines() if line.startswith("| ")]
    assert sorted(rows) == ["example-raises †1", "example-sweep", "still", "tracker"]


def test_check_tracker_of_a_name_that_does_not_exist(tmp_path: Path) -> None:
    assert "did you mean steady" in scorebench("check-tracker", "stedy", cwd=tmp_path, code=2).stderr
    assert "at least one" in scorebench("check-tracker", cwd=tmp_path, code=2).stderr
