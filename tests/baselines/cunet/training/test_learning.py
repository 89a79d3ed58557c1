"""Truncated back-propagation through time, the learning rate, and what validation says."""

from collections.abc import Callable

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from baselines.cunet.loss import dice_loss  # noqa: E402 - needs torch
from baselines.cunet.network import CUNet, Design  # noqa: E402
from baselines.cunet.training.learner import (  # noqa: E402
    Learner,
    Plan,
    _errors_frames,
    learning_share,
    masks_of,
    passages_loss,
)
from baselines.cunet.training.loop import standardise  # noqa: E402
from baselines.cunet.training.material import newest_frames  # noqa: E402
from baselines.cunet.training.passages import Desk, Passage, Recipe, Repertoire  # noqa: E402
from scorebench.learning.pages import TrainingPage  # noqa: E402
from scorebench.learning.sound import Ear  # noqa: E402
from scorebench.spectrogram import cunet_recipe, spectrogram  # noqa: E402


@pytest.fixture
def repertoire(small_pages: list[TrainingPage]) -> Repertoire:
    return Repertoire(small_pages, Ear(cunet_recipe()), Recipe(frames=4))


def test_a_passage_goes_on_where_the_one_before_ended(
    repertoire: Repertoire, random_network: Callable[[Design], CUNet]
) -> None:
    """Pages of two sizes in one batch; three passages with memory are one long sequence, and its mean loss."""
    network, desks, memory = random_network(Design()), [Desk(repertoire, n, 3) for n in range(3)], torch.ones(2, 3, 128)
    played: list[list[Passage]] = [[], [], []]
    losses = []
    for step in range(3):
        passages = [desk.passage(step) for desk in desks]
        loss, memory = passages_loss(network, passages, memory)
        losses.append(loss)
        for own, passage in zip(played, passages, strict=True):
            own.append(passage)
    assert len({own[0].picture.shape for own in played}) == 2
    expected = []
    for own in played:
        logits, _ = network(own[0].picture[None, None], torch.cat([p.windows for p in own])[None])
        targets = masks_of(torch.cat([p.boxes for p in own]), own[0].picture)
        expected.append(dice_loss(logits[0], targets))
    torch.testing.assert_close(torch.stack(losses).mean(), torch.stack(expected).mean())


def test_the_loss_is_of_the_frames_that_are_looked_for(
    small_pages: list[TrainingPage], random_network: Callable[[Design], CUNet]
) -> None:
    """After all of the passage up to them was heard."""
    network, repertoire = random_network(Design()), Repertoire(small_pages, Ear(cunet_recipe()), Recipe(8, every=4))
    passages = [Desk(repertoire, number, 2).passage(0) for number in range(2)]
    expected = []
    for passage in passages:
        logits, _ = network(passage.picture[None, None], passage.windows[None])
        expected.append(dice_loss(logits[0, passage.asked], masks_of(passage.boxes, passage.picture)))
    loss, _ = passages_loss(network, passages, torch.zeros(2, 2, 128))
    torch.testing.assert_close(loss, torch.stack(expected).mean())


def test_the_gradient_ends_where_the_passage_begins(repertoire: Repertoire) -> None:
    network, desk = CUNet(Design()), Desk(repertoire, 0, 1)
    before = torch.full((2, 1, 128), 0.5, requires_grad=True)
    loss, memory = passages_loss(network, [desk.passage(1)], before)
    assert not memory.requires_grad
    loss.backward()
    assert before.grad is not None
    assert before.grad.abs().max() > 0  # what was remembered mattered
    opening = torch.full((2, 1, 128), 0.5, requires_grad=True)
    passages_loss(network, [desk.passage(0)], opening)[0].backward()
    assert opening.grad is not None
    assert opening.grad.abs().max() == 0


def test_the_rate_falls_like_torchs_on_a_plateau() -> None:
    random = np.random.default_rng(3)
    losses = [1 / (1 + n) if n < 5 else 0.2 + 0.1 * random.random() for n in range(40)]
    optimiser = torch.optim.Adam([torch.zeros(1, requires_grad=True)], lr=1.0)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimiser, patience=5, factor=0.5)
    for count in range(1, 41):
        plateau.step(losses[count - 1])
        assert learning_share(losses[:count]) == optimiser.param_groups[0]["lr"]
    assert learning_share(losses) < 0.1
    assert learning_share([]) == 1


def test_what_is_heard_is_standardised(small_pages: list[TrainingPage]) -> None:
    encoder = CUNet(Design()).perf_encoder
    standardise(encoder, small_pages[:2], Ear(cunet_recipe()))
    heard = [spectrogram(page.audio.astype(np.float32) / 32767, cunet_recipe()) for page in small_pages[:2]]
    np.testing.assert_allclose(encoder.means[0, :, 0], np.concatenate(heard).mean(0), atol=1e-5)
    deviation = np.concatenate(heard).astype(np.float64).std(0)
    np.testing.assert_allclose(encoder.stds[0, :, 0], np.where(deviation > 1e-6, deviation, 1), atol=1e-5)


def test_a_mask_in_the_right_place_has_no_error(pages: list[TrainingPage]) -> None:
    page = pages[0]
    asked = page.plan.frames_2021 - page.plan.start_frame
    boxes = torch.from_numpy(page.boxes_at(newest_frames(asked)))
    masks = masks_of(boxes, torch.from_numpy(page.picture)).numpy()
    assert (_errors_frames(page, asked, masks) <= 1).mean() > 0.95
    corners = np.zeros_like(masks)
    corners.reshape(len(masks), -1)[range(len(masks)), masks.reshape(len(masks), -1).argmax(1)] = 1
    dim = _errors_frames(page, asked, masks * 0.4)  # nothing is marked: the likeliest pixel, the first of the box
    assert np.isfinite(dim).all()
    assert np.array_equal(dim, _errors_frames(page, asked, corners))
    assert np.median(_errors_frames(page, asked, masks[::-1])) > 100


def test_it_learns(repertoire: Repertoire) -> None:
    torch.manual_seed(0)
    learner, desk = Learner(Design(), Plan(1, 1)), Desk(repertoire, 0, 1)
    optimiser = torch.optim.Adam(learner.network.parameters(), lr=3e-3)
    losses = []
    for _ in range(40):
        loss, _ = passages_loss(learner.network, [desk.passage(0)], torch.zeros(2, 1, 128))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
