import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from baselines.omr.recogniser.network import Marker
from baselines.omr.recogniser.symbols import KINDS, OFFSETS, PROPERTIES, STROKES
from baselines.omr.recogniser.training import shelf, train
from baselines.omr.recogniser.training.drawing import Frame, trace
from baselines.omr.recogniser.training.labels import LabelledPage, Stroke, Symbol, says
from baselines.omr.recogniser.training.loss import focal
from baselines.omr.recogniser.training.targets import crop


@pytest.fixture
def labelled():
    picture = np.full((600, 800), 255, np.uint8)
    picture[196:204, 296:304] = 0
    symbols = (Symbol("filled", 150.0, 100.0, says(3, 1, 0, True, -1, 6.0), 1.25), Symbol("clef-G", 60.0, 110.0))
    strokes = (Stroke("stem", np.array([[148.0, 60.0], [149.0, 60.0], [149.0, 100.0], [148.0, 100.0]])),)
    return LabelledPage(picture, (7.0,), symbols, strokes)


def test_a_crop_marks_what_its_picture_shows(labelled):
    for seed in range(8):
        made = crop(labelled, np.random.default_rng(seed))
        at = np.argwhere(made.kinds[KINDS.index("filled")] == 1)
        for row, column in at:
            dx, dy, aside = made.offsets[:, row, column]
            x, y = int((column + 0.5 + dx) * 2), int((row + 0.5 + dy) * 2)
            assert made.ink[max(0, y - 2) : y + 3, max(0, x - 2) : x + 3].max() > 0.4
            assert aside == 1.25
            assert list(made.properties[:, row, column]) == [3, 1, 0, 1, 2, 1]


def test_a_crop_depends_on_the_chance_alone(labelled):
    first, second = (crop(labelled, np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(first.ink, second.ink)
    assert np.array_equal(first.properties, second.properties)


def test_what_is_put_on_the_shelf_is_taken_from_it(labelled, tmp_path):
    shelf.put(tmp_path / "page.npz", labelled)
    taken = shelf.take(tmp_path / "page.npz")
    assert taken.symbols == labelled.symbols
    assert np.array_equal(taken.picture, labelled.picture)
    assert np.array_equal(taken.strokes[0].outline, labelled.strokes[0].outline)


def test_the_network_answers_for_every_cell():
    answer = Marker()(torch.zeros(2, 1, 32, 48))
    assert answer.kinds.shape == (2, len(KINDS), 16, 24)
    assert answer.strokes.shape == (2, len(STROKES), 16, 24)
    assert {name: logits.shape[1] for name, logits in answer.properties.items()} == dict(PROPERTIES)
    assert answer.offsets.shape == (2, len(OFFSETS), 16, 24)


@settings(max_examples=25)
@given(st.integers(0, 10_000))
def test_the_loss_of_marks_is_that_of_the_paper(seed):
    random = np.random.default_rng(seed)
    logits = torch.from_numpy(random.normal(0, 2, (1, 2, 5, 5)))
    wanted = torch.from_numpy(random.choice([0, 0, 0, 0.4, 1.0], (1, 2, 5, 5)))
    chance = torch.sigmoid(logits)
    positive = -torch.log(chance) * (1 - chance) ** 2
    negative = -torch.log(1 - chance) * chance**2 * (1 - wanted) ** 4
    plain = torch.where(wanted == 1, positive, negative).sum() / max(1, int((wanted == 1).sum()))
    assert torch.allclose(focal(logits, wanted), plain)


def test_paths_are_traced():
    assert trace("M1 2l3 0v4h-3z").tolist() == [[1, 2], [4, 2], [4, 6], [1, 6]]
    assert trace("M0 0c0 4 4 4 4 0")[-1].tolist() == [4, 0]
    assert trace("M0 0C0 4 4 4 4 0")[2].tolist() == [2, 3]


def test_transformations_are_applied_from_outside_in():
    frame = Frame(scale=(2.0, 2.0)).within("translate(3, 4) scale(0.5, -0.5)")
    assert frame.points(np.array([[2.0, 2.0]])).tolist() == [[8.0, 6.0]]


@pytest.mark.slow
def test_training_writes_the_same_weights_again(labelled, tmp_path):
    (tmp_path / "labels").mkdir()
    shelf.put(tmp_path / "labels" / "page.npz", labelled)
    for name in ("a", "b"):
        train.train(tmp_path / "labels", tmp_path / f"{name}.safetensors", 2, 0, None)
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
