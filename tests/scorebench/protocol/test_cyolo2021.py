"""Equality with the authors' evaluation, and what it does with answers that are odd."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scorebench.authors_layout import read_piece
from scorebench.protocol import cyolo2021
from scorebench.protocol.pages import plan_pages
from scorebench.score import Recording

FIXTURES = Path(__file__).parents[2] / "fixtures" / "cyolo"
TINY = ("Synth__tiny00__tiny00_synth", "Synth__tiny02__tiny02_synth")


def errors_of(recording: Recording, page: int, rows: pd.DataFrame) -> np.ndarray:
    merged = cyolo2021.merge_onsets(recording.notes, pd.concat([p.systems for p in recording.pages]))
    pad = cyolo2021.pad_left(*recording.pages[page].image.shape)
    line = cyolo2021.line_map(merged, page, pad)
    return cyolo2021.errors_frames(
        merged, line, rows["frame"].to_numpy(), rows["x"].to_numpy() - pad, rows["y"].to_numpy()
    )


@pytest.mark.parametrize("table", ["expected_frame_diffs.csv", "expected_synthetic_all_frames.csv"])
@pytest.mark.parametrize("piece", TINY)
def test_equals_every_row_of_the_authors_evaluation(piece: str, table: str) -> None:
    expected = pd.read_csv(FIXTURES / table)
    recording = read_piece(FIXTURES / "dataset" / f"{piece}.npz", "full")
    rows = expected[expected["piece"] == piece]
    assert len(rows) >= 800
    for page, here in rows.groupby("page"):
        np.testing.assert_array_equal(errors_of(recording, int(page), here), here["frame_diff"])


def test_equals_every_row_on_the_authentic_piece(shared: Path) -> None:
    piece = "Anonymous__lesgraces__lesgraces_synth"
    expected = pd.read_csv(shared / "reference/cyolo/expected_frame_diffs.csv")
    rows = expected[expected["piece"] == piece]
    assert len(rows) == 1500
    recording = read_piece(shared / "msmd" / f"{piece}.npz", "full")
    np.testing.assert_array_equal(errors_of(recording, 0, rows), rows["frame_diff"])


@pytest.mark.parametrize("piece", TINY)
def test_onset_frames_and_page_starts_are_the_authors(piece: str) -> None:
    expected = pd.read_csv(FIXTURES / "expected_synthetic_all_frames.csv")
    recording = read_piece(FIXTURES / "dataset" / f"{piece}.npz", "full")
    plans = plan_pages(recording, len(recording.read_audio()))
    for plan in plans:
        rows = expected[(expected["piece"] == piece) & (expected["page"] == plan.page.index)]
        assert plan.start_frame == rows["start_frame"].unique().item()
        np.testing.assert_array_equal(plan.frames_2021, rows.loc[rows["is_onset"] == 1, "frame"])


def test_no_answer_is_an_infinite_error() -> None:
    recording = read_piece(FIXTURES / "dataset" / f"{TINY[0]}.npz", "full")
    rows = pd.DataFrame({"frame": [10, 10], "x": [np.nan, 400.0], "y": [130.0, np.nan]})
    assert np.isinf(errors_of(recording, 0, rows)).all()


def test_merging_takes_the_system_most_notes_are_on_and_the_first_seen_of_equals() -> None:
    notes = pd.DataFrame(
        {
            "onset_s": [0.0, 0.01, 0.02, 1.0, 1.01],
            "system": [1, 0, 0, 1, 0],
            "page": [0, 0, 0, 0, 0],
            "x_px": [500.0, 100.0, 110.0, 300.0, 200.0],
        }
    )
    systems = pd.DataFrame({"system": [0, 1], "y_px": [50.0, 150.0]})
    merged = cyolo2021.merge_onsets(notes, systems)
    assert merged.x_px.tolist() == [105.0, 300.0]
    assert merged.y_px.tolist() == [50.0, 150.0]


def test_the_half_way_point_between_two_onsets_belongs_to_the_left_one() -> None:
    merged = cyolo2021.MergedOnsets(
        np.array([0, 10]), np.array([0, 0]), np.array([100.0, 110.0]), np.array([50.0, 50.0])
    )
    line = cyolo2021.line_map(merged, 0, 0)
    x = np.array([105.0, 105.01], np.float32)
    assert line.frame_at(x, np.array([50.0, 50.0], np.float32)).tolist() == [0, 10]
