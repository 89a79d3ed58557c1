"""The embedded dataset: its definition, and that building it is exact, resumable and repeatable."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from scorebench.build import mini
from scorebench.build.chorale import two_staves
from scorebench.build.corpus import Card, corpus_folder, read_card
from scorebench.build.musicxml import parse, read_score
from scorebench.build.room import ROOM
from scorebench.checking import check_dataset
from scorebench.dataset import CONDITIONS
from scorebench.errors import DataError, MissingDependencyError, ScorebenchError, UsageError
from scorebench.files import sha256_file
from scorebench.store import StoreDataset
from scorebench.store_writer import content_files


@pytest.fixture(scope="module")
def card() -> Card:
    return read_card("mini")


def contents(root: Path) -> dict[str, str]:
    return {p.relative_to(root).as_posix(): sha256_file(p) for p in [*content_files(root), root / "dataset.json"]}


def test_definition(card: Card) -> None:
    assert tuple(card.conditions) == CONDITIONS == tuple(card.splits)
    assert card.splits["full"] == tuple(sorted(p.name for p in card.pieces))
    assert len({card.splits[s] for s in CONDITIONS[1:]}) == 1
    assert {p.kind for p in card.pieces} == {"keyboard", "chorale"}
    assert card.facts["conditions"]["subset-room"]["snr_db"] == ROOM.snr_db


def test_names_are_safe_folders(card: Card) -> None:
    for piece in card.pieces:
        assert len(piece.name.split("__")) == 3
        assert all(c.isascii() and (c.isalnum() or c in "_-") for c in piece.name)


def test_two_pieces_are_sound(small_mini: StoreDataset) -> None:
    counts, problems = check_dataset(small_mini)
    assert problems == []
    assert [(c.split, c.pieces, c.pages) for c in counts] == [("full", 2, 2), *((s, 1, 1) for s in CONDITIONS[1:])]
    assert all(c.onsets > 20 for c in counts)


def test_conditions_share_what_they_should(small_mini: StoreDataset) -> None:
    made = {s: small_mini.load(s, "SchoenbergA__O19__o19-2") for s in CONDITIONS}
    sound = {s: r.read_audio() for s, r in made.items()}
    assert np.array_equal(sound["full"], sound["subset-synthetic"])
    assert made["subset-performance"].notes.equals(made["subset-room"].notes)
    assert made["subset-performance"].notes.equals(made["subset-direct"].notes)
    assert not made["subset-performance"].notes.equals(made["full"].notes)
    assert len(sound["subset-direct"]) == len(sound["subset-room"])
    assert not np.array_equal(sound["subset-direct"], sound["subset-performance"])
    deadpan = made["full"].notes
    np.testing.assert_array_equal(deadpan["onset_s"], deadpan["score_onset_s"])


def test_sound_begins_when_the_truth_says(small_mini: StoreDataset) -> None:
    for split in CONDITIONS[:4]:  # not the room: it has noise from the first sample on
        recording = small_mini.load(split, "SchoenbergA__O19__o19-2")
        sound = recording.read_audio()
        first = float(recording.onsets()["onset_s"].iloc[0])
        loud = np.flatnonzero(np.abs(sound) > 0.003)[0] / 22050
        assert 0 <= loud - first < 0.05


def test_built_twice_is_the_same_whatever_the_workers(small_mini: StoreDataset, tmp_path: Path) -> None:
    again = mini.build_mini(tmp_path / "again", small_mini.pieces("full"), jobs=2, progress=False)
    assert contents(again.root) == contents(small_mini.root)
    assert again.hash == small_mini.hash


def test_complete_store_is_not_built_again(small_mini: StoreDataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mini, "build_piece", None)
    assert mini.build_mini(small_mini.root, small_mini.pieces("full"), jobs=1, progress=False).hash == small_mini.hash


def test_failed_build_goes_on(small_mini: StoreDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[str] = []

    def fails_second(root: Path, name: str) -> None:
        if built and len(built) == 1:
            built.append("failed")
            raise ScorebenchError("no space left")
        original(root, name)
        built.append(name)

    original = mini.build_piece
    monkeypatch.setattr(mini, "build_piece", fails_second)
    names, root = small_mini.pieces("full"), tmp_path / "store"
    with pytest.raises(ScorebenchError, match="no space left"):
        mini.build_mini(root, names, jobs=1, progress=False)
    assert not (root / "dataset.json").exists()
    assert mini.build_mini(root, names, jobs=1, progress=False).hash == small_mini.hash
    assert built == [names[0], "failed", names[1]]


def test_killed_build_goes_on(small_mini: StoreDataset, tmp_path: Path) -> None:
    root, names = tmp_path / "store", list(small_mini.pieces("full"))
    call = f"from pathlib import Path; from scorebench.build.mini import build_mini; build_mini(Path({str(root)!r}), "
    call += f"{names!r}, 1)"
    process = subprocess.Popen([sys.executable, "-c", call], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not (root / "pieces" / names[0] / "piece.json").exists() and time.monotonic() < deadline:
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not (root / "dataset.json").exists()
    (root / "pieces" / f".{names[1]}.1").mkdir(exist_ok=True)  # what a kill leaves behind
    before = (root / "pieces" / names[0] / "piece.json").stat().st_mtime_ns
    mini.build_mini(root, names, jobs=1, progress=False)
    assert contents(root) == contents(small_mini.root)
    assert (root / "pieces" / names[0] / "piece.json").stat().st_mtime_ns == before
    assert sorted(p.name for p in (root / "pieces").iterdir()) == names


def test_another_plan_starts_afresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stale = tmp_path / "pieces" / "SchoenbergA__O19__o19-2"
    stale.mkdir(parents=True)
    (stale / "piece.json").write_text("{}")
    (tmp_path / "building.json").write_text('{"sha256": "of another version"}')
    done: list[str] = []
    monkeypatch.setattr(mini, "build_piece", lambda root, name: done.append(name))
    mini.build_mini(tmp_path, ["SchoenbergA__O19__o19-2"], jobs=1, progress=False)
    assert done == ["SchoenbergA__O19__o19-2"]
    assert not stale.exists()


def test_worker_reports_its_error(tmp_path: Path) -> None:
    from scorebench.build.workers import build_all

    (tmp_path / "pieces").write_text("a file where a folder must be")
    with pytest.raises(ScorebenchError, match="cannot be written"):
        build_all(tmp_path, ["SchoenbergA__O19__o19-2"], 2, lambda _: None)


def test_unknown_piece(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no piece"):
        mini.build_mini(tmp_path, ["Nobody__nothing__none"], progress=False)


def test_no_music21(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match="pip install music21"):
        corpus_folder()


def test_score_file_damaged(tmp_path: Path) -> None:
    (tmp_path / "score.mxl").write_bytes(b"PK not a zip")
    with pytest.raises(DataError, match=r"score\.mxl"):
        read_score(tmp_path / "score.mxl")


def test_chorale_keeps_every_note() -> None:
    text = read_score(corpus_folder() / "bach" / "bwv269.mxl")
    four, two = parse(text, "x"), parse(two_staves(text, "x"), "x")
    pitches = [[n.findtext("pitch/step") for n in root.iter("note")] for root in (four, two)]
    assert sorted(map(str, pitches[0])) == sorted(map(str, pitches[1]))
    assert len(two.findall("part")) == 1


@pytest.mark.slow
def test_all_of_it(tmp_path: Path, card: Card) -> None:
    dataset = mini.build_mini(tmp_path / "mini", jobs=2, progress=False)
    counts, problems = check_dataset(dataset)
    assert problems == []
    by_split = {c.split: c for c in counts}
    kinds = {p.name: p.kind for p in card.pieces}
    pages = {name: len(dataset.load("full", name).pages) for name in kinds}
    assert by_split["full"].pages >= 20
    assert sum(n for name, n in pages.items() if kinds[name] == "keyboard") >= 12
    assert all(by_split[s].pages >= 10 for s in CONDITIONS)
    assert (by_split["full"].pieces, by_split["full"].pages, by_split["subset-room"].pages) == (20, 32, 15)
