"""The page store: what is written is read, and what is damaged is named."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scorebench.dataset import open_dataset
from scorebench.errors import DataError, ScorebenchError, UsageError
from scorebench.resources import resource
from scorebench.score import BAR_COLUMNS, PRINTED_COLUMNS, SYSTEM_COLUMNS, Page
from scorebench.store import TIMING_COLUMNS, StoreDataset
from scorebench.store_writer import changed_files, finish, write_piece, write_table
from tests.scorebench.helpers import index_again

PIECE = "SchoenbergA__O19__o19-2"


def tiny(root: Path, sound: np.ndarray | None = None) -> None:
    """A store of one page with one system and two notes."""
    systems = pd.DataFrame([[0, 0, 50.0, 20.0, 80.0, 30.0]], columns=list(SYSTEM_COLUMNS))
    bars = pd.DataFrame([[0, 0, 0, 50.0, 20.0, 80.0, 30.0]], columns=list(BAR_COLUMNS))
    rows = [["a", 0, 0, 0, 60, 20.0, 20.0, 0.0, 1.0], ["b", 0, 0, 1, 62, 60.0, 18.0, 1.0, 1.0]]
    notes = pd.DataFrame(rows, columns=list(PRINTED_COLUMNS))
    times = pd.DataFrame([["b", np.nan, np.nan, 0], ["a", 0.1, 0.9, 70]], columns=list(TIMING_COLUMNS))
    image = np.arange(100 * 40, dtype=np.uint8).reshape(40, 100)
    facts = {"title": "T", "composer": "C", "conditions": {"full": {"audio": "s", "timing": "t"}}}
    sound = np.linspace(-1, 1, 22050, dtype=np.float32) if sound is None else sound
    write_piece(root, [Page("C__w__p", 0, image, systems, bars)], notes, {"t": times}, {"s": sound}, facts)
    finish(root, {"name": "tiny", "version": "1"}, {"full": ["C__w__p"]})


def test_round_trip(tmp_path: Path) -> None:
    tiny(tmp_path)
    dataset = StoreDataset(tmp_path)
    assert (dataset.name, len(dataset.hash)) == ("tiny", 64)
    assert dataset.splits() == ("full",)
    recording = dataset.load("full", "C__w__p")
    assert np.array_equal(recording.pages[0].image, np.arange(4000, dtype=np.uint8).reshape(40, 100))
    assert list(recording.notes["note_id"]) == ["a", "b"]
    assert recording.notes["onset_s"].isna().tolist() == [False, True]
    assert recording.pages[0].bars is not None
    assert len(recording.onsets()) == 1
    np.testing.assert_allclose(recording.read_audio(), np.linspace(-1, 1, 22050), atol=2 / 32768)
    assert changed_files(tmp_path, dataset.facts["files"]) == []


def test_hash_names_the_content(tmp_path: Path) -> None:
    for name in ("one", "same"):
        tiny(tmp_path / name)
    tiny(tmp_path / "other", np.zeros(22050, np.float32))
    one, same, other = (StoreDataset(tmp_path / n) for n in ("one", "same", "other"))
    assert one.hash == same.hash != other.hash
    assert (tmp_path / "one/dataset.json").read_bytes() == (tmp_path / "same/dataset.json").read_bytes()


def test_too_loud(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="louder"):
        tiny(tmp_path, np.full(100, 1.5, np.float32))
    assert not list((tmp_path / "pieces").iterdir())


def test_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("soundfile.write", full)
    with pytest.raises(ScorebenchError, match="No space left"):
        tiny(tmp_path)
    assert not list((tmp_path / "pieces").iterdir())


@pytest.mark.parametrize(
    "file",
    ["page_000.png", "systems.parquet", "notes.parquet", "timing_performance.parquet", "piece.json", "room.flac"],
)
@pytest.mark.parametrize("how", ["missing", "empty", "cut", "noise"])
def test_damaged_file_is_named(damaged: Path, file: str, how: str) -> None:
    path = damaged / "pieces" / PIECE / file
    content = path.read_bytes()
    path.unlink()
    if how != "missing":
        path.write_bytes({"empty": b"", "cut": content[: len(content) // 2], "noise": os.urandom(500)}[how])
    with pytest.raises(DataError, match=f"{file}: .*(build|fetch|get)|{file}: holds no samples"):
        StoreDataset(damaged).load("subset-room", PIECE).read_audio()
    lines = changed_files(damaged, StoreDataset(damaged).facts["files"])
    assert [line.split(":")[0] for line in lines] == [f"pieces/{PIECE}/{file}"]


@pytest.mark.parametrize("file", ["notes.parquet", "timing_performance.parquet", "page_000.png", "room.flac"])
def test_a_file_of_another_piece_is_not_read_as_this_one(damaged: Path, file: str) -> None:
    """It is sound in itself, but not what the hash stands for, under which its results would be kept."""
    other = next(piece for piece in StoreDataset(damaged).pieces("full") if piece != PIECE)
    found = next((damaged / "pieces" / other).glob(f"*{Path(file).suffix}"))
    shutil.copy(found, damaged / "pieces" / PIECE / file)
    with pytest.raises(DataError, match=rf"{PIECE}/{file}: not as it was built .*; build or get it again"):
        StoreDataset(damaged).load("subset-room", PIECE).read_audio()


def test_pieces_that_were_left_out_or_bars_put_in_are_found(damaged: Path) -> None:
    (damaged / "splits/full.txt").write_text(f"{PIECE}\n")
    with pytest.raises(DataError, match=r"full\.txt: not as it was built"):
        StoreDataset(damaged).pieces("full")
    bars = damaged / "pieces" / PIECE / "bars.parquet"
    content = bars.read_bytes()
    bars.unlink()
    with pytest.raises(DataError, match=r"bars\.parquet: missing"):
        StoreDataset(damaged).load("subset-room", PIECE)
    index_again(damaged)
    bars.write_bytes(content)
    with pytest.raises(DataError, match=r"bars\.parquet: not as it was built"):
        StoreDataset(damaged).load("subset-room", PIECE)


def test_tables_that_do_not_fit(damaged: Path) -> None:
    folder = damaged / "pieces" / PIECE
    notes = pd.read_parquet(folder / "notes.parquet")
    write_table(folder / "notes.parquet", notes.assign(system=99), PRINTED_COLUMNS)
    index_again(damaged)
    with pytest.raises(DataError, match="on no system"):
        StoreDataset(damaged).load("full", PIECE)
    write_table(folder / "notes.parquet", notes.iloc[1:], PRINTED_COLUMNS)
    index_again(damaged)
    with pytest.raises(DataError, match="are not those"):
        StoreDataset(damaged).load("full", PIECE)
    notes.drop(columns="pitch").to_parquet(folder / "notes.parquet")
    index_again(damaged)
    with pytest.raises(DataError, match=r"notes\.parquet: column\(s\) pitch missing"):
        StoreDataset(damaged).load("full", PIECE)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"name": "x"}'])
def test_damaged_index(damaged: Path, text: str) -> None:
    (damaged / "dataset.json").write_text(text)
    with pytest.raises(DataError, match=r"dataset\.json"):
        StoreDataset(damaged)


@pytest.mark.parametrize("name", ["../mini", "/mini", "..", "", "a\\b", 3])
def test_names_that_lead_out_of_a_folder_are_refused(damaged: Path, name: object) -> None:
    facts = json.loads((damaged / "dataset.json").read_text())
    (damaged / "dataset.json").write_text(json.dumps({**facts, "name": name}))
    with pytest.raises(DataError, match=r"dataset\.json: .* is no name for a folder"):
        StoreDataset(damaged)
    (damaged / "dataset.json").write_text(json.dumps(facts))
    if name:
        (damaged / "splits/full.txt").write_text(f"{name}\n" if isinstance(name, str) else ".3\n")
        index_again(damaged)
        with pytest.raises(DataError, match=r"full\.txt: .* is no name for a folder"):
            StoreDataset(damaged).pieces("full")


def test_newer_format(damaged: Path) -> None:
    facts = json.loads((damaged / "dataset.json").read_text())
    (damaged / "dataset.json").write_text(json.dumps({**facts, "format": 2}))
    with pytest.raises(DataError, match="format 1"):
        StoreDataset(damaged)


def test_unknown_split_and_piece(small_mini: StoreDataset) -> None:
    with pytest.raises(UsageError, match="did you mean subset-room"):
        small_mini.pieces("subset_room")
    with pytest.raises(UsageError, match="did you mean SchoenbergA__O19__o19-2"):
        small_mini.load("full", "SchoenbergA__O19__o19-3")


def test_open_dataset_finds_folders(small_mini: StoreDataset, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert open_dataset(str(small_mini.root)).hash == small_mini.hash
    monkeypatch.setenv("SCOREBENCH_DATASET", str(small_mini.root))
    assert open_dataset().hash == small_mini.hash
    with pytest.raises(UsageError, match="did you mean mini"):
        open_dataset("mimi")
    with pytest.raises(UsageError, match="no dataset here"):
        open_dataset(str(tmp_path))


def test_open_dataset_builds_once(small_mini: StoreDataset, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    built: list[Path] = []

    def build(root: Path, progress: bool) -> StoreDataset:
        built.append(root)
        root.parent.mkdir(parents=True)
        root.symlink_to(small_mini.root)
        return StoreDataset(root)

    monkeypatch.setenv("SCOREBENCH_CACHE", str(tmp_path))
    monkeypatch.delenv("SCOREBENCH_DATASET", raising=False)
    monkeypatch.setattr("scorebench.build.mini.build_mini", build)
    assert open_dataset(progress=False).hash == open_dataset("mini").hash == small_mini.hash
    assert built == [tmp_path / "datasets" / "mini-2"]


def test_reading_needs_no_builder(small_mini: StoreDataset) -> None:
    """A store can be read where nothing that builds one is installed."""
    code = (
        "import sys; sys.modules.update(dict.fromkeys(('verovio', 'music21', 'cairosvg', 'fluidsynth'))); "
        "from pathlib import Path; from scorebench.store import StoreDataset; "
        f"r = StoreDataset(Path({str(small_mini.root)!r})).load('full', {PIECE!r}); print(len(r.read_audio()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) > 22050


def test_resources() -> None:
    assert resource("datasets/mini/card.toml").is_file()
    with pytest.raises(ScorebenchError, match="missing from this installation"):
        resource("datasets/none")
