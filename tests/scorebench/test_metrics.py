"""Ratios and averages, by hand and by property."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorebench.metrics import evaluate, summarise, within
from scorebench.protocol.scoring import ERROR_COLUMNS


def table(protocol: str, errors: list[float], pages: list[int] | None = None) -> pd.DataFrame:
    values = np.array(errors, np.float64)
    rows = pd.DataFrame(
        {
            "piece": "p",
            "page": pages or [0] * len(values),
            "protocol": protocol,
            "onset_frame": range(len(values)),
            "onset_s": 0.0,
            "error_frames": values if protocol == "cyolo-2021" else np.nan,
            "error_s": values / 20.0 if protocol == "cyolo-2021" else values,
            "answered": np.isfinite(values),
            "revisited": False,
        }
    )
    return rows.astype(ERROR_COLUMNS)


def test_thresholds_are_whole_frames_in_one_protocol_and_seconds_in_the_other() -> None:
    assert summarise(table("cyolo-2021", [0, 1, 2, 10, 20, 100, 101]))["micro"] == pytest.approx(
        [2 / 7, 3 / 7, 4 / 7, 5 / 7, 6 / 7]
    )
    assert summarise(table("strict", [0, -0.05, 0.1, -0.5, 1.0, 5.0, -5.01]))["micro"] == pytest.approx(
        [2 / 7, 3 / 7, 4 / 7, 5 / 7, 6 / 7]
    )


def test_misses_count_in_every_average_and_not_in_the_median() -> None:
    figures = summarise(table("strict", [np.nan, 0.02, -0.04, np.nan]))
    assert figures["micro"] == [0.5] * 5
    assert figures["unanswered"] == 2
    assert figures["median_error_s"] == pytest.approx(-0.01)


def test_macro_gives_each_page_the_same_weight() -> None:
    figures = summarise(table("strict", [0.0, 9.0, 9.0, 9.0], pages=[0, 1, 1, 1]))
    assert figures["micro"][0] == 0.25
    assert figures["macro_page"][0] == 0.5
    assert (figures["pages"], figures["pieces"]) == (2, 1)


def test_nothing_answered_has_no_median() -> None:
    assert summarise(table("strict", [np.nan]))["median_error_s"] is None


def test_nothing_to_score_is_nothing_tracked() -> None:
    figures = evaluate(table("strict", [0.0]))
    assert figures["cyolo-2021"]["micro"] == [0.0] * 5
    assert figures["cyolo-2021"]["onsets"] == 0


@given(st.lists(st.floats(-20, 20) | st.just(float("nan")), min_size=1, max_size=60))
def test_ratios_never_fall_with_the_threshold_and_never_rise_with_the_error(errors: list[float]) -> None:
    rows = table("strict", errors)
    micro = summarise(rows)["micro"]
    assert micro == sorted(micro)
    worse = summarise(rows.assign(error_s=rows["error_s"] * 1.5))["micro"]
    assert all(w <= m for w, m in zip(worse, micro, strict=True))
    assert within(rows).shape == (len(errors), 5)
