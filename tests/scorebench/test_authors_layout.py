"""Folders in the layout the authors published."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scorebench.authors_layout import AuthorsDataset, read_piece, score_positions
from scorebench.errors import DataError, UsageError
from tests.scorebench.helpers import PIECES, TINY, copy_tiny


def test_a_folder_is_a_dataset_with_one_split() -> None:
    data = AuthorsDataset(TINY)
    assert data.splits() == ("full",)
    assert tuple(data.pieces("full")) == PIECES
    recording = data.load("full", PIECES[2])
    assert len(recording.pages) == 2
    assert recording.pages[1].systems["page"].unique().tolist() == [1]
    assert recording.has_score_time
    with pytest.raises(UsageError, match="no split 'subset-room'"):
        data.pieces("subset-room")
    with pytest.raises(UsageError, match="no piece"):
        data.load("full", "other")


def test_a_folder_of_folders_has_a_split_for_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").mkdir()
    for split, piece in (("subset-room", PIECES[0]), ("own", PIECES[1]), ("full", PIECES[0])):
        copy_tiny(tmp_path / "mine" / split, piece)
    (tmp_path / "mine/notes").mkdir()
    data = AuthorsDataset(tmp_path / "mine")
    assert data.splits() == ("full", "subset-room", "own")
    assert data.pieces("own") == [PIECES[1]]
    assert data.load("subset-room", PIECES[0]).condition == "subset-room"
    with pytest.raises(UsageError, match="no split 'subset-direct'; it has full, subset-room, own"):
        data.pieces("subset-direct")
    before = data.hash
    (tmp_path / "mine/own").rename(tmp_path / "mine/other")
    assert AuthorsDataset(tmp_path / "mine").hash != before
    monkeypatch.chdir(tmp_path / "mine")
    assert AuthorsDataset(Path()).name == "mine"


def test_the_authentic_piece(shared: Path) -> None:
    recording = read_piece(shared / "msmd/Anonymous__lesgraces__lesgraces_synth.npz", "full")
    assert len(recording.notes) == 113
    assert recording.pages[0].bars["system"].tolist() == [0] * 5 + [1] * 7 + [2] * 5 + [3] * 5
    assert recording.onsets()["onset_s"].is_monotonic_increasing


def test_the_hash_follows_the_content(tmp_path: Path) -> None:
    one = copy_tiny(tmp_path / "one", PIECES[0])
    other = copy_tiny(tmp_path / "other", PIECES[0])
    assert AuthorsDataset(one).hash == AuthorsDataset(other).hash
    with (other / f"{PIECES[0]}.wav").open("ab") as file:
        file.write(b"\0\0")
    assert AuthorsDataset(one).hash != AuthorsDataset(other).hash


def test_a_folder_without_pieces_is_no_dataset(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no dataset here"):
        AuthorsDataset(tmp_path)


def rewrite(path: Path, **changes: object) -> None:
    content = dict(np.load(path, allow_pickle=True))
    for key, value in changes.items():
        if value is None:
            del content[key]
        else:
            content[key] = value
    np.savez(path, **content)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"coords": None}, "has no 'coords'"),
        ({"systems": None}, "has no 'systems'"),
        ({"sheets": np.zeros((1, 10, 10), np.float32)}, "sheets are float32"),
        ({"coords": np.array([{"onset": 0.0}], object)}, "coords has no note_x, system_idx, page_nr"),
        (
            {"coords": np.array([{"onset": 0.0, "note_x": 1.0, "system_idx": 99, "page_nr": 0}], object)},
            "system or page that the file does not have",
        ),
        (
            {"coords": np.array([{"onset": 0.0, "note_x": "left", "system_idx": 0, "page_nr": 0}], object)},
            "values of the wrong kind",
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, changes: dict, says: str) -> None:
    path = copy_tiny(tmp_path / "data", PIECES[0]) / f"{PIECES[0]}.npz"
    rewrite(path, **changes)
    with pytest.raises(DataError, match=says) as caught:
        read_piece(path, "full")
    assert path.name in str(caught.value)


def test_performed_pieces_have_no_score_time_to_give(tmp_path: Path) -> None:
    path = copy_tiny(tmp_path / "data", PIECES[0]) / f"{PIECES[0]}.npz"
    rewrite(path, synthesized=np.array(False))
    recording = read_piece(path, "full")
    assert not recording.has_score_time
    assert recording.notes["score_onset_s"].isna().all()


def test_notes_of_a_spread_chord_are_one_score_position_and_neighbours_are_not() -> None:
    notes = pd.DataFrame(
        {
            "onset_s": [0.0, 0.0, 0.03, 0.05, 0.12, 0.30],
            "x_px": [100.0, 140.0, 104.0, 95.0, 125.0, 125.0],
            "system": [0, 0, 0, 0, 0, 0],
        }
    )
    assert score_positions(notes, spread_s=0.15).tolist() == [0, 0, 0, 0, 1, 2]
    assert score_positions(notes, spread_s=0.0).tolist() == [0, 0, 1, 2, 3, 4]
