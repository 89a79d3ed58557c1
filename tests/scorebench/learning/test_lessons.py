"""One lesson after another, and how well the last is learnt."""

import pytest

torch = pytest.importorskip("torch")

from torch.nn import functional as F  # noqa: E402 - needs torch

from scorebench.learning.lessons import RATES, Syllabus, cosine_share, meeting_loss  # noqa: E402


def test_the_rate_falls_along_a_cosine_to_one_per_cent() -> None:
    assert cosine_share(0) == 1
    assert cosine_share(0.5) == pytest.approx(0.505)
    assert cosine_share(1) == pytest.approx(0.01)


def test_one_lesson_after_another_each_with_its_own_rate() -> None:
    syllabus = Syllabus(steps=1000, visits=1)
    names = [syllabus.lesson_at(step)[0] for step in range(1000)]
    assert names == ["seeing"] * 800 + ["hearing"] * 120 + ["meeting"] * 80
    rates = [syllabus.rate(step) for step in range(1000)]
    for name, begin, end in (("seeing", 0, 800), ("hearing", 800, 920), ("meeting", 920, 1000)):
        here = rates[begin:end]
        assert 0 < here[0] < 0.1 * RATES[name]
        assert 0.95 * RATES[name] < max(here) <= RATES[name]
        assert here[-1] < 0.03 * RATES[name]
        assert here.index(max(here)) < 0.1 * len(here)


def test_the_cell_with_the_note_is_told_from_all_others() -> None:
    places = torch.tensor([[0.6, 3.6], [5.9, 0.0], [6.0, 4.0]])
    cells = [(3, 0), (0, 5), (3, 5)]  # of 4 rows and 6 columns; beyond the edge is the last
    scores = torch.randn(3, 1, 4, 6, generator=torch.Generator().manual_seed(0))
    expected = -torch.stack(
        [F.log_softmax(s.flatten(), 0)[row * 6 + column] for s, (row, column) in zip(scores, cells, strict=True)]
    )
    torch.testing.assert_close(meeting_loss(scores, *places.T), expected.mean())
