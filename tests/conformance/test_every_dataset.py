"""What every dataset must hold, whatever its layout."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scorebench.authors_layout import AuthorsDataset
from scorebench.dataset import Dataset
from scorebench.errors import UsageError
from scorebench.metrics import evaluate
from scorebench.protocol.pages import plan_pages, view_of
from scorebench.protocol.scoring import score_page
from scorebench.registry import load
from scorebench.score import BAR_COLUMNS, GIVEN, NOTE_COLUMNS, PRINTED_COLUMNS, SYSTEM_COLUMNS, Recording
from scorebench.timebase import frame_count
from scorebench.tracker import follow
from tests.scorebench.helpers import TINY

DATASETS: dict[str, Callable[[pytest.FixtureRequest], Dataset]] = {
    "authors' layout": lambda request: AuthorsDataset(TINY),
    "page store": lambda request: request.getfixturevalue("small_mini"),
}


@pytest.fixture(params=list(DATASETS))
def dataset(request: pytest.FixtureRequest) -> Dataset:
    return DATASETS[request.param](request)


def recordings(dataset: Dataset) -> list[Recording]:
    return [dataset.load(split, piece) for split in dataset.splits() for piece in dataset.pieces(split)]


def test_names_splits_and_pieces(dataset: Dataset) -> None:
    assert dataset.name
    assert len(dataset.hash) == 64
    assert "full" in dataset.splits()
    for split in dataset.splits():
        pieces = list(dataset.pieces(split))
        assert pieces == sorted(set(pieces))
        assert pieces
    with pytest.raises(UsageError, match="no split"):
        dataset.pieces("elsewhere")
    with pytest.raises(UsageError, match="no piece"):
        dataset.load("full", "elsewhere")


def test_tables_are_as_the_words_say(dataset: Dataset) -> None:
    for recording in recordings(dataset):
        assert list(recording.notes.columns) == list(NOTE_COLUMNS)
        systems = pd.concat([p.systems for p in recording.pages])
        for page in recording.pages:
            assert page.image.dtype == np.uint8
            assert list(page.systems.columns) == list(SYSTEM_COLUMNS)
            assert page.bars is None or list(page.bars.columns) == list(BAR_COLUMNS)
            assert (page.systems["page"] == page.index).all()
        assert systems["system"].is_unique
        assert set(recording.notes["system"]) <= set(systems["system"])
        assert recording.notes["note_id"].is_unique


def test_every_onset_lies_on_its_system_and_sounds(dataset: Dataset) -> None:
    for recording in recordings(dataset):
        onsets, audio = recording.onsets(), recording.read_audio()
        assert audio.dtype == np.float32
        assert onsets["onset_s"].is_monotonic_increasing
        assert onsets["onset_s"].iloc[-1] < len(audio) / 22_050
        systems = pd.concat([p.systems for p in recording.pages]).set_index("system").loc[onsets["system"]]
        away = np.abs(onsets["x_px"].to_numpy() - systems["x_px"].to_numpy())
        assert (away <= systems["w_px"].to_numpy() / 2 + 5).all()


def test_the_oracle_is_perfect_on_it(dataset: Dataset) -> None:
    tracker, rows = load("oracle"), []
    for recording in recordings(dataset):
        audio = recording.read_audio()
        for plan in plan_pages(recording, len(audio)):
            said = follow(
                tracker, view_of(recording, plan, tracker.given), plan.sound(audio), plan.frames - plan.start_frame, 0
            )
            answers = said.to_table().assign(frame=plan.frames)
            rows.append(score_page(plan, answers, frame_count(len(audio))))
    assert evaluate(pd.concat(rows))["strict"]["micro"] == [1.0] * 5


def test_what_is_given_is_of_the_page_alone(dataset: Dataset) -> None:
    for recording in recordings(dataset):
        for plan in plan_pages(recording, len(recording.read_audio())):
            view = view_of(recording, plan, frozenset(GIVEN))
            assert set(view.notes["page"]) == set(view.systems["page"]) == {0}
            assert view.systems["system"].tolist() == list(range(len(view.systems)))
            assert set(view.truth["system"]) <= set(view.systems["system"])
            assert list(view.notes.columns) == list(PRINTED_COLUMNS)
            assert view.duration > 0
            assert view.truth["onset_s"].min() > -0.05


def test_the_folder_can_move(tmp_path: Path) -> None:
    import shutil

    shutil.copytree(TINY, tmp_path / "dataset")
    assert AuthorsDataset(tmp_path / "dataset").hash == AuthorsDataset(TINY).hash
