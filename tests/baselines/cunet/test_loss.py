"""The loss and its targets, by values worked out by hand."""

import pytest

torch = pytest.importorskip("torch")

from baselines.cunet.loss import dice_loss, target_masks  # noqa: E402 - needs torch


def logit(p: list[list[float]]) -> "torch.Tensor":
    return torch.logit(torch.tensor([p]))


def test_by_hand() -> None:
    """p t = 0.5 + 0.25; p^2 = 0.25 + 0.0625 + 0.25; t^2 = 2: 1 - 1.5 / 2.5625."""
    loss = dice_loss(logit([[0.5, 0.25], [0.5, 1e-9]]), torch.tensor([[[1.0, 1.0], [0.0, 0.0]]]))
    assert loss.item() == pytest.approx(1 - 1.5 / 2.5625, abs=1e-6)


def test_equal_masks_have_none_and_disjoint_ones_all() -> None:
    target = torch.tensor([[[1.0, 0.0], [0.0, 0.0]]])
    assert dice_loss((target - 0.5) * 200, target).item() == pytest.approx(0, abs=1e-6)
    assert dice_loss((0.5 - target) * 200, target).item() == pytest.approx(1, abs=1e-6)


def test_each_mask_counts_the_same_whatever_its_size() -> None:
    logits = torch.full((2, 4, 4), -100.0)
    targets = torch.zeros(2, 4, 4)
    targets[0, 0, 0] = 1
    logits[0, 0, 0] = 100
    targets[1] = 1
    assert dice_loss(logits, targets).item() == pytest.approx(0.5, abs=1e-6)
    assert dice_loss(logits.reshape(1, 2, 4, 4), targets.reshape(1, 2, 4, 4)).item() == pytest.approx(0.5, abs=1e-6)


def test_the_gradient_by_hand() -> None:
    """One pixel, t = 1: loss 1 - 2p/(p^2 + 1), by p: -2(1 - p^2)/(p^2 + 1)^2, by the logit times p(1 - p)."""
    x = torch.zeros(1, 1, 1, requires_grad=True)
    dice_loss(x, torch.ones(1, 1, 1)).backward()
    assert x.grad is not None
    assert x.grad.item() == pytest.approx(-2 * 0.75 / 1.25**2 * 0.25, abs=1e-6)


def test_nothing_to_find_and_nothing_marked_is_not_nan() -> None:
    x = torch.full((1, 2, 2), -1000.0, requires_grad=True)
    loss = dice_loss(x, torch.zeros(1, 2, 2))
    loss.backward()
    assert loss.item() == 1
    assert x.grad is not None
    assert torch.isfinite(x.grad).all()


def test_a_target_covers_the_pixels_whose_middle_is_in_the_box() -> None:
    one = torch.tensor([20.0])
    mask = target_masks(one, torch.tensor([8.0]), torch.tensor([6.0]), 40, 50)[0]
    assert mask.nonzero().min(dim=0).values.tolist() == [5, 15]
    assert mask.nonzero().max(dim=0).values.tolist() == [10, 24]
    assert mask.sum().item() == 6 * 10


def test_a_target_has_its_size_wherever_it_is_and_its_centre_within_half_a_pixel() -> None:
    x = torch.linspace(20, 21, 11)
    masks = target_masks(x, torch.full_like(x, 20), torch.full_like(x, 8), 40, 60)
    assert masks.sum((1, 2)).tolist() == [80.0] * 11
    middles = (masks[:, 20] * (torch.arange(60) + 0.5)).sum(1) / 10
    assert (middles - x).abs().max().item() <= 0.5 + 1e-5


def test_a_target_at_the_edge_is_cut() -> None:
    mask = target_masks(torch.tensor([1.0]), torch.tensor([2.0]), torch.tensor([10.0]), 40, 50)[0]
    assert mask.sum().item() == 6 * 7
