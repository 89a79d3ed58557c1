"""Running: results, failures, kills and full disks."""

import errno
import filecmp
import inspect
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from scorebench import run as run_module
from scorebench.authors_layout import AuthorsDataset
from scorebench.errors import ScorebenchError, UsageError
from scorebench.files import write_atomic
from scorebench.following import Failure
from scorebench.results import RunFolder, read_parquet
from scorebench.run import RunSpec, run
from scorebench.timebase import SAMPLE_RATE
from scorebench.tracker import Position
from tests.scorebench import helpers
from tests.scorebench.helpers import PIECES, TINY, RaisesOnPage, Wanderer, copy_tiny

STABLE = ("manifest.json", "metrics.json", "trajectories.parquet", "errors.parquet")


def spec(tracker: object = None, dataset: Path = TINY, name: str = "wanderer", **more: object) -> RunSpec:
    return RunSpec(name, tracker or Wanderer(), AuthorsDataset(dataset), "full", **more)


def same_files(one: RunFolder, other: RunFolder) -> None:
    match, mismatch, errors = filecmp.cmpfiles(one.path, other.path, STABLE, shallow=False)
    assert (sorted(match), mismatch, errors) == (sorted(STABLE), [], [])


def test_a_run_leaves_everything_the_design_promises(tmp_path: Path) -> None:
    folder, failures = run(spec(), tmp_path)
    assert failures == []
    assert sorted(p.name for p in folder.path.iterdir()) == sorted([*STABLE, "timings.json"])
    manifest = folder.manifest
    assert manifest["complete"]
    assert manifest["identity"]["dataset_hash"] == AuthorsDataset(TINY).hash
    trajectories, errors = folder.trajectories(), folder.errors()
    assert set(trajectories["piece"]) == set(PIECES)
    assert len(errors[errors["protocol"] == "strict"]) == folder.metrics["strict"]["onsets"] > 100
    timings = json.loads((folder.path / "timings.json").read_text())
    assert len(timings["page_s"]) == folder.metrics["strict"]["pages"] == 4


def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    same_files(run(spec(), tmp_path / "a")[0], run(spec(), tmp_path / "b")[0])


KILL = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {root!r})
from tests.scorebench.helpers import TINY, Wanderer
from scorebench.authors_layout import AuthorsDataset
from scorebench.run import RunSpec, run

class Dies(Wanderer):
    opened = 0
    def open(self, score, seed):
        Dies.opened += 1
        if Dies.opened == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().open(score, seed)

run(RunSpec("wanderer", Dies(), AuthorsDataset(TINY), "full"), Path({out!r}))
"""


def test_killed_and_run_again_the_bytes_are_the_same_and_finished_pages_are_kept(tmp_path: Path) -> None:
    root = str(Path(__file__).parents[2])
    script = KILL.format(root=root, out=str(tmp_path / "killed"))
    done = subprocess.run([sys.executable, "-c", script], check=False)
    assert done.returncode == -signal.SIGKILL
    parts = list((tmp_path / "killed").rglob("pages/*.parquet"))
    assert len(parts) == 2
    stamps = {p.name: p.stat().st_mtime_ns for p in parts}

    opened = []

    class Counts(Wanderer):
        def open(self, score: object, seed: int) -> Wanderer:
            opened.append(1)
            return super().open(score, seed)

    again, failures = run(spec(Counts()), tmp_path / "killed")
    assert failures == []
    assert len(opened) == 4 - len(stamps)
    same_files(again, run(spec(), tmp_path / "whole")[0])
    assert not (again.path / "pages").exists()


def test_a_tracker_that_raises_on_one_page_costs_that_page_alone(tmp_path: Path) -> None:
    folder, failures = run(spec(RaisesOnPage(2)), tmp_path)
    raised = next(n for n, line in enumerate(inspect.getsource(helpers).splitlines(), 1) if "too hard" in line)
    where = f"(helpers.py, line {raised})"
    assert [str(f) for f in failures] == [f"{PIECES[1]} page 0: ZeroDivisionError: this page is too hard {where}"]
    errors = folder.errors()
    lost = errors[errors["piece"] == PIECES[1]]
    assert len(lost)
    assert not lost["answered"].any()
    assert errors.loc[errors["piece"] != PIECES[1], "answered"].all()
    # Run again with a mended tracker: only the failed page is followed, and the result is as if it had never failed.
    mended, failures = run(spec(), tmp_path)
    assert failures == []
    same_files(mended, run(spec(), tmp_path / "whole")[0])


def test_a_gpu_with_too_little_memory_is_a_failure_with_a_remedy(tmp_path: Path) -> None:
    class Full(Wanderer):
        def open(self, score: object, seed: int) -> Wanderer:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    _, failures = run(spec(Full()), tmp_path)
    assert {f.reason for f in failures} == {"the GPU has too little memory: free it, or pass --device cpu"}


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_position_that_is_no_number_is_a_failure(tmp_path: Path, value: float) -> None:
    class Lost(Wanderer):
        def hear(self, samples: np.ndarray) -> Position:
            return Position(value, 1.0)

        def open(self, score: object, seed: int) -> "Lost":
            return self

    _, failures = run(spec(Lost()), tmp_path)
    assert len(failures) == 4
    assert "x_px is not one finite number" in failures[0].reason


def test_a_missing_wav_is_one_line_and_its_onsets_count_as_missed(tmp_path: Path) -> None:
    data = copy_tiny(tmp_path / "data")
    (data / f"{PIECES[1]}.wav").unlink()
    folder, failures = run(spec(dataset=data), tmp_path / "runs")
    assert len(failures) == 1
    assert f"{PIECES[1]}.wav" in failures[0].reason
    errors = folder.errors()
    lost = errors[(errors["piece"] == PIECES[1]) & (errors["protocol"] == "strict")]
    assert len(lost) > 50
    assert not lost["answered"].any()


def test_a_truncated_npz_costs_its_piece_alone(tmp_path: Path) -> None:
    data = copy_tiny(tmp_path / "data")
    path = data / f"{PIECES[0]}.npz"
    path.write_bytes(path.read_bytes()[:5000])
    folder, failures = run(spec(dataset=data), tmp_path / "runs")
    assert [f.piece for f in failures] == [PIECES[0]]
    assert "truncated" in failures[0].reason
    assert folder.metrics["strict"]["pieces"] == 2


def test_sound_with_nan_samples_is_refused_by_name(tmp_path: Path) -> None:
    data = copy_tiny(tmp_path / "data", *PIECES[:2])
    soundfile.write(data / f"{PIECES[0]}.wav", np.full(SAMPLE_RATE, np.nan, np.float32), SAMPLE_RATE, subtype="FLOAT")
    _, failures = run(spec(dataset=data), tmp_path / "runs")
    assert [f.piece for f in failures] == [PIECES[0]]
    assert f"{PIECES[0]}.wav" in failures[0].reason


def test_sound_of_a_twentieth_of_a_second_is_followed_and_later_onsets_are_missed(tmp_path: Path) -> None:
    data = copy_tiny(tmp_path / "data", PIECES[0])
    soundfile.write(data / f"{PIECES[0]}.wav", np.zeros(SAMPLE_RATE // 20, np.float32), SAMPLE_RATE)
    folder, failures = run(spec(dataset=data), tmp_path / "runs")
    assert failures == []
    strict = folder.metrics["strict"]
    assert strict["unanswered"] == strict["onsets"] > 50


def test_a_page_without_onsets_is_left_out_and_a_piece_without_any_is_named(tmp_path: Path) -> None:
    data = copy_tiny(tmp_path / "data", *PIECES[1:])
    for piece, keep in ((PIECES[1], 0), (PIECES[2], 1)):
        content = dict(np.load(data / f"{piece}.npz", allow_pickle=True))
        content["coords"] = np.array([c for c in content["coords"] if keep and c["page_nr"] == 0], dtype=object)
        np.savez(data / f"{piece}.npz", **content)
    folder, failures = run(spec(dataset=data), tmp_path / "runs")
    assert [f.piece for f in failures] == [PIECES[1]]
    assert "nothing to score" in failures[0].reason or "no note" in failures[0].reason
    assert folder.metrics["strict"]["pages"] == 1


def test_nothing_at_all_to_follow_is_an_error(tmp_path: Path) -> None:
    data = copy_tiny(tmp_path / "data", PIECES[0])
    (data / f"{PIECES[0]}.npz").write_bytes(b"PK")
    with pytest.raises(ScorebenchError, match="nothing could be followed"):
        run(spec(dataset=data), tmp_path / "runs")


def test_another_run_in_the_folder_is_not_overwritten_unless_asked(tmp_path: Path) -> None:
    run(spec(), tmp_path)
    with pytest.raises(UsageError, match=r"differs in pieces.*--fresh"):
        run(spec(only=(PIECES[2],)), tmp_path)
    folder, _ = run(spec(only=(PIECES[2],)), tmp_path, fresh=True)
    assert folder.manifest["identity"]["pieces"] == [PIECES[2]]


def test_a_full_disk_at_the_end_keeps_every_finished_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, write: object) -> None:
        if path.name == "errors.parquet":
            raise ScorebenchError(f"{path}: cannot be written (No space left on device)")
        write_atomic(path, write)

    monkeypatch.setattr("scorebench.results.write_atomic", full)
    with pytest.raises(ScorebenchError, match=r"errors\.parquet.*No space left"):
        run(spec(), tmp_path)
    folder = run_module.run_folder(tmp_path, spec())
    assert len(list((folder.path / "pages").iterdir())) == 4
    assert not folder.manifest["complete"]
    monkeypatch.undo()
    same_files(run(spec(), tmp_path)[0], run(spec(), tmp_path / "whole")[0])


@pytest.mark.skipif(sys.platform == "win32", reason="needs file size limits")
def test_a_write_that_really_fails_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    script = f"""
import resource, signal, sys
from pathlib import Path
from scorebench.errors import ScorebenchError
from scorebench.files import write_bytes
path = Path({str(tmp_path / "kept.bin")!r})
write_bytes(path, b"old")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_bytes(path, b"new" * 10000)
except ScorebenchError as error:
    print(error)
    sys.exit(7)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 7
    assert "kept.bin: cannot be written" in done.stdout
    assert os.strerror(errno.EFBIG) in done.stdout
    assert [p.name for p in tmp_path.iterdir()] == ["kept.bin"]
    assert (tmp_path / "kept.bin").read_bytes() == b"old"


def test_only_some_pieces(tmp_path: Path) -> None:
    folder, _ = run(spec(only=(PIECES[2],)), tmp_path)
    assert set(read_parquet(folder.path / "errors.parquet")["piece"]) == {PIECES[2]}
    with pytest.raises(UsageError, match="no piece called nothing"):
        spec(only=("nothing",)).pieces()


def test_a_failure_names_piece_and_page() -> None:
    assert str(Failure("a", 3, "why")) == "a page 3: why"
    assert str(Failure("a", None, "why")) == "a: why"
