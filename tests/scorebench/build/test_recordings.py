"""The dataset of real recordings, from the shared sources."""

import json
from pathlib import Path

import pytest

from scorebench.build.recordings import build_recordings, tools
from scorebench.errors import MissingDependencyError, UsageError


def test_a_folder_without_recordings_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no folder recordings/"):
        build_recordings(tmp_path / "store", tmp_path)


@pytest.mark.slow
def test_a_recording_is_aligned_within_a_hundredth_of_a_second_or_so(shared: Path, tmp_path: Path) -> None:
    try:
        tools()
    except MissingDependencyError as error:
        pytest.skip(str(error))
    dataset = build_recordings(tmp_path / "recordings", shared, jobs=2, progress=False)
    piece = "BachJS__BWV988__bwv-988-v09"
    assert list(dataset.pieces("recordings")) == [piece]
    about = json.loads((dataset.root / "pieces" / piece / "piece.json").read_text())["alignment"]
    assert about["median_residual_s"] < 0.015
    recording = dataset.load("recordings", piece)
    onsets = recording.onsets()
    assert (onsets["onset_s"].diff().dropna() >= 0.0199).all()
    # AABB: every place is visited twice.
    assert (onsets.groupby(["system", "x_px"]).size() % 2 == 0).all()
