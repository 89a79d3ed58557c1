"""The official package, in a small one made of our own pages."""

import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from scorebench.dataset import open_dataset
from scorebench.errors import DataError, UsageError
from scorebench.msmd import MsmdDataset, read_split_file, work_of
from tests.scorebench.cli.test_commands import scorebench
from tests.scorebench.helpers import TINY

WORKS = ("Synth__tiny00__tiny00", "Synth__tiny01__tiny01")


def put(stem: str, folder: Path, name: str, performed: bool = False) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(TINY / f"{stem}_synth.wav", folder / f"{name}.wav")
    content = dict(np.load(TINY / f"{stem}_synth.npz", allow_pickle=True))
    if performed:
        content["synthesized"] = np.array(False)
        content["coords"] = np.array([{**c, "onset": c["onset"] * 0.9} for c in content["coords"]], object)
    np.savez(folder / f"{name}.npz", **content)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    root = tmp_path / "msmd"
    for work in WORKS:
        put(work, root / "msmd_test", f"{work}_synth")
    put(WORKS[0], root / "msmd_train", f"{WORKS[0]}_synth")
    for ending in ("rp_synth", "do", "room"):
        put(WORKS[0], root / "msmd_rp", f"{WORKS[0]}_{ending}", performed=True)
    return root


def test_the_five_conditions_by_file_name(package: Path) -> None:
    data = MsmdDataset(package)
    assert data.pieces("full") == [f"{w}_synth" for w in WORKS]
    assert data.pieces("subset-synthetic") == [f"{WORKS[0]}_synth"]
    assert data.pieces("subset-performance") == [f"{WORKS[0]}_rp_synth"]
    assert data.pieces("subset-direct") == [f"{WORKS[0]}_do"]
    assert data.pieces("subset-room") == [f"{WORKS[0]}_room"]
    assert "valid" not in data.splits()
    with pytest.raises(UsageError, match="no piece of valid"):
        data.pieces("valid")
    with pytest.raises(UsageError, match="no split 'nothing'"):
        data.pieces("nothing")


def test_a_split_file_decides_where_there_is_one(package: Path) -> None:
    put(WORKS[1], package / "msmd_rp", "renamed", performed=True)
    (package / "split_files").mkdir()
    (package / "split_files/room_split.yaml").write_text("files:\n  - 'renamed'  # in the room\n")
    assert MsmdDataset(package).pieces("subset-room") == ["renamed"]


@pytest.mark.parametrize("text", ["", "files: !!python/object/apply:os.system [ls]\n", "other:\n - a\n", "files:\n"])
def test_any_other_yaml_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(DataError, match=r"x\.yaml"):
        read_split_file(tmp_path / "x.yaml")


def test_the_performed_splits_take_the_scores_time_from_the_synthetic_twin(package: Path) -> None:
    recording = MsmdDataset(package).load("subset-room", f"{WORKS[0]}_room")
    assert recording.has_score_time
    np.testing.assert_allclose(recording.notes["onset_s"], recording.notes["score_onset_s"] * 0.9)
    (package / f"msmd_test/{WORKS[0]}_synth.npz").unlink()
    assert not MsmdDataset(package).load("subset-room", f"{WORKS[0]}_room").has_score_time


def test_what_is_missing_is_said(package: Path) -> None:
    assert "full: 2 of 94 pieces in msmd_test" in MsmdDataset(package).missing()


def test_a_folder_of_it_is_opened_and_another_is_not(package: Path, tmp_path: Path) -> None:
    assert isinstance(open_dataset(str(package)), MsmdDataset)
    with pytest.raises(UsageError, match="no MSMD here"):
        MsmdDataset(tmp_path / "elsewhere")


def test_names_without_their_rendering() -> None:
    assert {work_of(f"A__b__c_{e}") for e in ("synth", "rp_synth", "do", "room", "di-left")} == {"A__b__c"}


def test_get_unpacks_an_archive_and_run_works_on_it(package: Path, tmp_path: Path) -> None:
    path = tmp_path / "msmd.zip"
    with zipfile.ZipFile(path, "w") as file:
        for member in package.rglob("*.*"):
            file.write(member, member.relative_to(package.parent))
    cache = str(tmp_path / "cache")
    assert "data get msmd" in scorebench("data", "check", "msmd", cwd=tmp_path, code=2, SCOREBENCH_CACHE=cache).stderr
    done = scorebench("data", "get", "msmd", "--archive", path, cwd=tmp_path, SCOREBENCH_CACHE=cache)
    assert "sha256 " in done.stdout
    assert "incomplete: full: 2 of 94" in done.stderr
    words = ("run", "--tracker", "oracle", "--split", "subset-room", "--dataset", "msmd")
    assert "1.000" in scorebench(*words, cwd=tmp_path, SCOREBENCH_CACHE=cache).stderr
