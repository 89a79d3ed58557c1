"""Out to the authors' layout and back: the same pages, the same errors."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scorebench.authors_layout import AuthorsDataset
from scorebench.dataset import Dataset
from scorebench.export import export
from scorebench.protocol.pages import plan_pages
from scorebench.protocol.scoring import score_page
from scorebench.score import Recording
from scorebench.store import StoreDataset
from scorebench.timebase import frame_count
from tests.scorebench.cli.test_commands import scorebench
from tests.scorebench.helpers import PIECES, TINY


def errors_2021(recording: Recording) -> np.ndarray:
    """Errors of answers that are the same whatever the dataset."""
    samples = len(recording.read_audio())
    rows = []
    for plan in plan_pages(recording, samples):
        rng = np.random.default_rng(plan.page.index)
        x, y = rng.uniform(0, 835, 20_000), rng.uniform(0, 1181, 20_000)
        said = pd.DataFrame({"frame": np.arange(20_000), "x_px": x, "y_px": y})
        rows.append(score_page(plan, said, frame_count(samples)))
    table = pd.concat(rows)
    return table.loc[table["protocol"] == "cyolo-2021", "error_frames"].to_numpy()


def same(one: Recording, other: Recording) -> None:
    for page, again in zip(one.pages, other.pages, strict=True):
        np.testing.assert_array_equal(page.image, again.image)
        np.testing.assert_allclose(page.systems.iloc[:, 2:], again.systems.iloc[:, 2:])
    played = one.notes[one.notes["onset_s"].notna()].sort_values("onset_s", kind="stable")
    for column in ("x_px", "onset_s", "page", "pitch"):
        np.testing.assert_array_equal(played[column], other.notes[column])
    np.testing.assert_array_equal(errors_2021(one), errors_2021(other))


def test_the_authors_own_layout_comes_back_as_it_was(tmp_path: Path) -> None:
    assert export(AuthorsDataset(TINY), "full", tmp_path / "out") == 3
    back = AuthorsDataset(tmp_path / "out")
    for piece in PIECES:
        one, other = AuthorsDataset(TINY).load("full", piece), back.load("full", piece)
        same(one, other)
        np.testing.assert_array_equal(one.read_audio(), other.read_audio())
        pd.testing.assert_frame_equal(one.notes.drop(columns="note_id"), other.notes.drop(columns="note_id"))


@pytest.mark.parametrize("split", ["full", "subset-room"])
def test_a_page_store_comes_back_with_the_same_errors(small_mini: StoreDataset, tmp_path: Path, split: str) -> None:
    data: Dataset = small_mini
    export(data, split, tmp_path / split)
    for piece in data.pieces(split):
        other = AuthorsDataset(tmp_path).load(split, piece)
        same(data.load(split, piece), other)
        assert other.has_score_time == (split == "full")


def test_the_same_dataset_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        export(AuthorsDataset(TINY), "full", tmp_path / name)
    assert AuthorsDataset(tmp_path / "a").hash == AuthorsDataset(tmp_path / "b").hash


def test_the_command(tmp_path: Path) -> None:
    done = scorebench("data", "export", TINY, "out", cwd=tmp_path)
    assert "out/full: 3 pieces" in done.stdout
    assert len(list((tmp_path / "out/full").glob("*.wav"))) == 3


def test_what_was_exported_is_followed_in_its_rooms(small_mini: StoreDataset, tmp_path: Path) -> None:
    scorebench("data", "export", small_mini.root, "out", "--split", "subset-room", cwd=tmp_path)
    for dataset, runs in (("out", "of-export"), (small_mini.root, "of-store")):
        words = ("--tracker", "cyolo-ir", "--split", "subset-room", "--dataset", dataset, "--out", runs)
        assert scorebench("run", *words, cwd=tmp_path).returncode == 0
    one, other = (next((tmp_path / runs).rglob("metrics.json")) for runs in ("of-export", "of-store"))
    assert one.parent == tmp_path / "of-export/out/subset-room/cyolo-ir"
    said, known = (pd.read_parquet(path.with_name("trajectories.parquet")) for path in (one, other))
    pd.testing.assert_frame_equal(said, known)
    assert json.loads(one.read_text())["cyolo-2021"] == json.loads(other.read_text())["cyolo-2021"]
