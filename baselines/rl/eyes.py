"""How agents look at a strip: view by view, or at columns that were computed once for the whole strip."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from baselines.rl.columns import STRIDE, VIEW_COLUMNS, ColumnTowers, profile_of
from baselines.rl.network import Network
from baselines.rl.rules import Standing
from baselines.rl.towers import DenseTowers
from baselines.rl.views import LEVELS, SCORE_SHAPE, Sheet

_WIDTH = SCORE_SHAPE[2]


class Eyes(Protocol):
    """Look at ``sheet`` with the towers of a network."""

    sheet: Sheet

    def look(self, standings: Sequence[Standing]) -> tuple[Tensor, ...]:
        """What the towers see at n places, as their own ``look`` gives it."""
        ...


def eyes_for(network: Network, sheet: Sheet) -> Eyes:
    """The fastest that there are."""
    towers = network.towers
    return ViewEyes(towers, network.device, sheet) if isinstance(towers, DenseTowers) else StripEyes(towers, sheet)


class ViewEyes:
    """Look at each view."""

    def __init__(self, towers: DenseTowers | ColumnTowers, device: torch.device, sheet: Sheet) -> None:
        self.sheet = sheet
        self._towers, self._device = towers, device

    def look(self, standings: Sequence[Standing]) -> tuple[Tensor, ...]:
        """See ``Eyes``."""
        views = np.stack([self.sheet.view(standing.place, standing.place_before) for standing in standings])
        return self._towers.look(torch.from_numpy(views).to(self._device))


class StripEyes:
    """Look at the whole strip once, for each of the 16 ways in which a view can lie on it; then cut columns out."""

    def __init__(self, towers: ColumnTowers, sheet: Sheet) -> None:
        self.sheet = sheet
        self._towers = towers
        device = towers.located.weight.device
        inks = [torch.from_numpy(levels).to(device).float() / LEVELS for levels in sheet.levels]
        self._profiles = [profile_of(ink) for ink in inks]
        self._columns = [self._read(ink[:, shift:]) for ink in inks for shift in range(STRIDE)]

    @torch.inference_mode()
    def _read(self, ink: Tensor) -> Tensor:
        """(80, w) to (size, columns)."""
        if ink.shape[1] < _WIDTH:  # no view begins so far to the right
            return ink.new_empty(0, 0)
        return self._towers.read(ink[None])[0]

    def look(self, standings: Sequence[Standing]) -> tuple[Tensor, ...]:
        """See ``Eyes``."""
        columns = torch.stack([self._columns_at(standing.place) for standing in standings])
        now = torch.stack([self._profile_at(standing.place) for standing in standings])
        before = torch.stack([self._profile_at(standing.place_before) for standing in standings])
        return columns, self._towers.feel(torch.stack([now, now - before], dim=1))

    def _columns_at(self, place: int) -> Tensor:
        begin, shift = divmod(place // 2, STRIDE)
        return self._columns[place % 2 * STRIDE + shift][:, begin : begin + VIEW_COLUMNS]

    def _profile_at(self, place: int) -> Tensor:
        return self._profiles[place % 2][:, place // 2 : place // 2 + _WIDTH]
