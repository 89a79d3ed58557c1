"""The network against what the authors' own code computed with checkpoints of their format."""

from copy import deepcopy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from cyolo.checkpoint import load_network
from cyolo.conditioning import CHUNK_FRAMES, Conditioning, windows_of
from cyolo.inference import Box, Locator
from cyolo.loss import detection_loss
from cyolo.network import Cyolo, boxes_px
from cyolo.onecore import Ears, Eyes
from cyolo.page import network_input
from cyolo.sharing import OpenPages
from cyolo.tracker import CyoloFollower, CyoloTracker
from scorebench.authors_layout import read_piece
from scorebench.protocol.cyolo2021 import errors_frames, line_map
from scorebench.protocol.pages import plan_pages, view_of
from scorebench.spectrogram import cyolo_recipe, spectrogram
from scorebench.timebase import HOP_SAMPLES

FIXTURES = Path(__file__).parents[1] / "fixtures/cyolo"
FULL = FIXTURES / "full"
PAD_PX = 173
TINY00 = FIXTURES / "dataset/Synth__tiny00__tiny00_synth.npz"


@pytest.fixture(scope="module")
def network() -> Cyolo:
    """Every tensor of it is non-trivial."""
    return load_network(FULL / "best_model.pt")


@pytest.fixture(scope="module")
def heard() -> torch.Tensor:
    return torch.from_numpy(spectrogram(read_piece(TINY00, "full").read_audio(), cyolo_recipe()))


@pytest.fixture(scope="module")
def picture() -> torch.Tensor:
    return torch.from_numpy(network_input(read_piece(TINY00, "full").pages[0].image))


def check_tensors(network: Cyolo, heard: torch.Tensor, picture: torch.Tensor, expected: dict[str, np.ndarray]) -> None:
    """z, the logits of all cells and the boxes at the expected frames; plain, shared and on one core."""
    frames = expected["frames"]
    with torch.inference_mode():
        z = network.conditioning_network(heard)[frames]
        np.testing.assert_allclose(z, expected["z"], atol=1e-5)
        x = network.conditioning_network.encode(windows_of(heard)[frames])
        fast_x = torch.cat([Ears(network).encode(w) for w in windows_of(heard)[frames].split(1)])
        torch.testing.assert_close(fast_x, x, atol=1e-5, rtol=0)
        seen, eyes = network.see(picture[None, None]), Eyes(network)
        page = eyes.read(picture)
        shared = Locator(network, OpenPages(network, picture[None]).features)
        fast = Locator(network, lambda z: eyes.look(page, z[0]))
        for one, logits, boxes in zip(z.split(1), expected["obj_logits"], expected["inference_out"], strict=True):
            raw = network.locate(seen, one)
            np.testing.assert_allclose(raw[0, 0, ..., 4], logits, atol=1e-4)
            np.testing.assert_allclose(shared.logits(one)[0], logits, atol=1e-4)
            np.testing.assert_allclose(fast.logits(one)[0], logits, atol=1e-4)
            said = boxes_px(raw[0, 0], network.model["Detect_17"].anchor_grid.reshape(3, 2)).reshape(-1, 5)
            np.testing.assert_allclose(said[:, :4], boxes[:, :4], atol=0.05 / 2.84)
            assert int(said[:, 4].argmax()) == int(boxes[:, 4].argmax())


def test_z_logits_and_boxes(network: Cyolo, heard: torch.Tensor, picture: torch.Tensor) -> None:
    check_tensors(network, heard, picture, dict(np.load(FULL / "expected_tensors.npz")))


def test_z_logits_and_boxes_at_all_16_frames(network: Cyolo, shared: Path) -> None:
    expected = dict(np.load(shared / "reference/cyolo/full/expected_tensors.npz"))
    np.testing.assert_allclose(
        expected["score"][0], network_input(read_piece(TINY00, "full").pages[0].image), atol=1e-6
    )
    check_tensors(network, torch.from_numpy(expected["spec"]), torch.from_numpy(expected["score"][0]), expected)


def streaming_z(network: Conditioning, heard: torch.Tensor) -> torch.Tensor:
    """z as the authors' live demonstration computes it: the memory is fed after z is given, at every 40th frame."""
    state, rows = network.blank(), []
    for number, x in enumerate(network.encode(windows_of(heard)).split(1), start=1):
        rows.append(network.mix(state.h, x))
        if number % CHUNK_FRAMES == 0:
            state = network.remember(x, state)
    return torch.cat(rows)


def test_frames_of_several_pages_at_once(network: Cyolo, picture: torch.Tensor) -> None:
    """As in a batch of a training: P pages, n frames of each, against the plain network frame by frame."""
    pages, z = torch.stack([picture, picture.flip(0), picture.roll(31, 1)]), torch.randn(6, 128)
    with torch.inference_mode():
        shared = Locator(network, OpenPages(network, pages).features).logits(z)
        plain = [network.locate(network.see(pages[n // 2][None, None]), z[n : n + 1]) for n in range(6)]
    torch.testing.assert_close(shared, torch.cat(plain)[:, 0, ..., 4], atol=1e-4, rtol=0)


def test_z_of_the_authors_streaming_code(network: Cyolo, heard: torch.Tensor) -> None:
    expected = np.load(FULL / "expected_tensors.npz")["z_stream_first200"]
    with torch.inference_mode():
        said = streaming_z(network.conditioning_network, heard[:200]).numpy()
        evaluated = network.conditioning_network(heard[:200]).numpy()
    np.testing.assert_allclose(said, expected, atol=1e-5)
    differs = np.abs(evaluated - said).max(1) > 1e-4
    assert differs[40:79].all()  # after 41 to 79 frames
    assert not differs[:40].any()


def test_which_answers_of_that_code_differ(network: Cyolo, heard: torch.Tensor) -> None:
    """With biases of 0 in the memory, as published, an empty step leaves nothing there."""
    conditioning = deepcopy(network.conditioning_network)
    with torch.inference_mode():
        for name, parameter in conditioning.seq_model.named_parameters():
            if name.startswith("bias"):
                parameter.zero_()
        apart = (conditioning(heard[:200]) - streaming_z(conditioning, heard[:200])).abs().amax(1)
    assert (np.flatnonzero(apart > 1e-5) + 1).tolist() == [*range(41, 80), 80, 120, 160, 200]


def note_cells(follower: CyoloFollower) -> list[int]:
    """The cells that ``follower`` will have answered from."""
    best, cells = follower._locator.best, list[int]()

    def noted(z: torch.Tensor) -> Box:
        box = best(z)
        cells.extend(box.cell.tolist())
        return box

    follower._locator.best = noted  # type: ignore[method-assign]
    return cells


def check_rows(tracker: CyoloTracker, folder: Path, rows: pd.DataFrame) -> None:
    """Each expected answer of the authors' evaluation: cell, box, confidence, and error in frames."""
    for (piece, index), expected in rows.groupby(["piece", "page"]):
        recording = read_piece(folder / f"{piece}.npz", "full")
        audio = recording.read_audio()
        plan = next(p for p in plan_pages(recording, len(audio)) if p.page.index == index)
        assert (expected["start_frame"] == plan.start_frame).all()
        frames = expected["frame"].to_numpy()
        follower = tracker.open(view_of(recording, plan, tracker.given), seed=0)
        cells = note_cells(follower)
        # The last frames of a page reach into the sound of the next, which a run would not ask for.
        said = follower.follow(audio[plan.start_frame * HOP_SAMPLES :], frames - plan.start_frame)
        for name, ours in (("x", said.x_px + PAD_PX), ("y", said.y_px), ("w", said.w_px), ("h", said.h_px)):
            np.testing.assert_allclose(ours, expected[name], atol=0.05)
        np.testing.assert_array_equal(cells, expected["argmax_index"])
        np.testing.assert_allclose(said.confidence, expected["conf"], atol=1e-5)
        line = line_map(plan.merged, plan.page.index, PAD_PX)
        errors = errors_frames(plan.merged, line, frames, said.x_px, said.y_px)
        np.testing.assert_array_equal(errors, expected["frame_diff"])


def test_every_onset_of_the_full_checkpoint() -> None:
    check_rows(
        CyoloTracker(FULL / "best_model.pt", "cpu"), FIXTURES / "dataset", pd.read_csv(FULL / "expected_onsets.csv")
    )


def test_every_onset_of_an_authentic_piece(shared: Path) -> None:
    reference = shared / "reference/cyolo"
    rows = pd.read_csv(reference / "expected_lesgraces_onsets.csv")
    check_rows(CyoloTracker(reference / "best_model.pt", "cpu"), shared / "msmd", rows)


def test_every_frame_of_two_pieces(shared: Path) -> None:
    reference = shared / "reference/cyolo"
    rows = pd.read_csv(reference / "expected_synthetic_all_frames.csv")
    check_rows(CyoloTracker(reference / "best_model.pt", "cpu"), FIXTURES / "dataset", rows)


def test_a_box_that_fits_no_anchor_costs_nothing_and_breaks_nothing() -> None:
    """On a page so long that notes are dots in its picture; or a system as high as half of it."""
    raw, anchors = torch.zeros(2, 3, 52, 52, 5, requires_grad=True), torch.tensor([[11.0, 26.0]] * 3) / 8
    loss = detection_loss(raw, torch.tensor([[0.5, 0.5, 0.001, 0.01], [0.5, 0.5, 0.02, 0.9]]), anchors)
    loss.total().backward()
    assert loss.box == 0
    assert raw.grad is not None
    assert raw.grad.isfinite().all()


def test_loss_and_gradient() -> None:
    expected = np.load(FULL / "expected_loss.npz")
    raw = torch.from_numpy(expected["pred"]).requires_grad_()
    anchors = torch.tensor([[11.0, 26.0], [11.0, 34.0], [11.0, 45.0]]) / 8
    loss = detection_loss(raw, torch.from_numpy(expected["targets"])[:, 2:], anchors)
    loss.total().backward()
    assert loss.box.item() == pytest.approx(expected["box_loss"], abs=1e-5)
    assert loss.objectness.item() == pytest.approx(expected["obj_loss"], abs=1e-5)
    assert loss.total().item() == pytest.approx(expected["loss"], abs=1e-5)
    assert raw.grad is not None
    np.testing.assert_allclose(raw.grad, expected["grad"], atol=1e-5 * np.abs(expected["grad"]).max())
