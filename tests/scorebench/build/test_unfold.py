"""Repeats, endings and page turns."""

import numpy as np
import pandas as pd
import pytest

from scorebench.build.unfold import check_bars, unfold, until_earlier_page
from scorebench.errors import DataError
from scorebench.score import PRINTED_COLUMNS, as_table


def score(bars: int = 4, pages: tuple[int, ...] = (0, 0, 0, 0)) -> pd.DataFrame:
    """Two notes a bar of two seconds."""
    onset_s = np.arange(2 * bars) * 1.0
    rows = pd.DataFrame(
        {
            "note_id": [f"n{i}" for i in range(2 * bars)],
            "page": np.repeat(pages, 2),
            "system": 0,
            "position": range(2 * bars),
            "pitch": 60,
            "x_px": 100.0 + 10 * np.arange(2 * bars),
            "y_px": 1.0,
            "score_onset_s": onset_s,
            "score_duration_s": 1.0,
        }
    )
    return as_table(rows, PRINTED_COLUMNS, "test")


def test_each_half_twice() -> None:
    played = unfold(score(), [[0, 1], [0, 1], [2, 3], [2, 3]], 2.0)
    assert played["score_onset_s"].tolist() == [float(i) for i in range(16)]
    assert played["position"].tolist() == list(range(16))
    assert played["note_id"].tolist()[:9] == ["n0", "n1", "n2", "n3", "n0@2", "n1@2", "n2@2", "n3@2", "n4"]
    assert played["x_px"].tolist()[4] == 100.0


def test_a_first_and_a_second_ending() -> None:
    played = unfold(score(), [[0, 1], [0, 0], [2, 3]], 2.0)
    assert played["note_id"].tolist() == ["n0", "n1", "n2", "n3", "n0@2", "n1@2", "n4", "n5", "n6", "n7"]
    assert played["score_onset_s"].tolist() == [float(i) for i in range(10)]


def test_a_grace_note_before_the_bar_line_goes_with_the_bar_after_it() -> None:
    notes = score()
    notes.loc[4, "score_onset_s"] = 3.99
    played = unfold(notes, [[2, 3], [0, 1]], 2.0)
    assert played["note_id"].tolist() == ["n4", "n5", "n6", "n7", "n0", "n1", "n2", "n3"]
    assert played["score_onset_s"].tolist()[0] == 0.0


def test_it_ends_where_the_music_goes_back_to_an_earlier_page() -> None:
    played = unfold(score(pages=(0, 0, 0, 1)), [[0, 1], [0, 1], [2, 3], [2, 3]], 2.0)
    kept = until_earlier_page(played)
    assert kept["note_id"].tolist()[-2:] == ["n6", "n7"]
    assert len(kept) == 12
    assert len(until_earlier_page(score())) == 8


@pytest.mark.parametrize(("bars", "bar_s"), [(5, 2.0), (3, 2.0), (4, 1.7)])
def test_bars_that_do_not_fit_are_refused(bars: int, bar_s: float) -> None:
    check_bars(score(), 4, 2.0, "x")
    with pytest.raises(DataError, match="correct the card"):
        check_bars(score(), bars, bar_s, "x")
