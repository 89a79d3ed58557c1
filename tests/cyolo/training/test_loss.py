"""The loss of the last lesson: which cell holds the note."""

import torch
from torch.nn import functional as F

from cyolo.loss import meeting_loss


def test_the_cell_with_the_note_is_told_from_all_others() -> None:
    targets = torch.tensor([[0.1, 0.9, 0.1, 0.1], [0.999, 0.0, 0.1, 0.1], [1.0, 1.0, 0.1, 0.1]])
    cells = [(3, 0), (0, 5), (3, 5)]  # of 4 rows and 6 columns; beyond the edge is the last
    scores = torch.randn(3, 1, 4, 6, generator=torch.Generator().manual_seed(0))
    expected = -torch.stack(
        [F.log_softmax(s.flatten(), 0)[row * 6 + column] for s, (row, column) in zip(scores, cells, strict=True)]
    )
    torch.testing.assert_close(meeting_loss(scores, targets), expected.mean())
