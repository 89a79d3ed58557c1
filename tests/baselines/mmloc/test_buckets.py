"""Places as probabilities, and back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from baselines.mmloc.buckets import BUCKETS, cross_entropy, places_of, soft_targets  # noqa: E402 - needs torch

anywhere = st.lists(st.floats(0, BUCKETS), min_size=1, max_size=20)


@settings(max_examples=60, deadline=None)
@given(anywhere)
def test_targets_sum_to_one_and_bring_back_the_place(places: list[float]) -> None:
    target = soft_targets(torch.tensor(places, dtype=torch.float64))
    assert target.shape == (len(places), BUCKETS)
    assert target.dtype == torch.float32
    torch.testing.assert_close(target.sum(1), torch.ones(len(places)))
    assert ((target > 0).sum(1) <= 2).all()
    found, confidence = places_of(target.numpy())
    np.testing.assert_allclose(found, np.clip(places, 0.5, BUCKETS - 0.5), atol=1e-5)
    np.testing.assert_allclose(confidence, 1, atol=1e-6)


def test_a_place_between_two_centres_is_shared_by_its_distance() -> None:
    [row] = soft_targets(torch.tensor([3.75]))
    assert row[3] == pytest.approx(0.75)
    assert row[4] == pytest.approx(0.25)
    assert row.sum() == pytest.approx(1)


def test_the_answer_is_the_mean_over_the_best_bucket_and_its_neighbours_alone() -> None:
    p = np.full((3, BUCKETS), 0.001)
    p[0, 9:12] = 0.2, 0.4, 0.1
    p[0, 30] = 0.25
    p[1, :2] = 0.6, 0.2
    p[2, -1] = 0.9
    found, confidence = places_of(p)
    assert found[0] == pytest.approx((0.2 * 9.5 + 0.4 * 10.5 + 0.1 * 11.5) / 0.7)
    assert found[1] == pytest.approx((0.6 * 0.5 + 0.2 * 1.5) / 0.8)
    assert found[2] == pytest.approx((0.001 * 38.5 + 0.9 * 39.5) / 0.901)
    assert confidence == pytest.approx([0.7, 0.8, 0.901])


@settings(max_examples=60, deadline=None)
@given(anywhere)
def test_the_loss_is_least_where_the_probabilities_are_the_targets(places: list[float]) -> None:
    place = torch.tensor(places, dtype=torch.float64)
    target = soft_targets(place)
    least = cross_entropy(target.clamp(min=1e-12).log(), place)
    entropy = -(target * target.clamp(min=1e-12).log()).sum(1).mean()
    assert float(least) == pytest.approx(float(entropy), abs=1e-5)
    assert float(cross_entropy(torch.zeros(len(places), BUCKETS), place)) == pytest.approx(np.log(BUCKETS), abs=1e-5)
    assert float(least) < np.log(BUCKETS)
