"""On-line time warping as Dixon published it in 2005, over a finished cost matrix: something to compare with.

Dixon, "Live tracking of musical performances using on-line time warping", DAFx 2005. Rows are input
frames, columns score frames. A trade of clarity for memory: the whole matrix of path costs is kept.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

BAND_FRAMES = 500
MAX_RUN_COUNT = 3
_ROW, _COLUMN, _BOTH = 1, 2, 3


@njit(cache=True)  # type: ignore[untyped-decorator]
def _frontier(paths: NDArray[np.float64], row: int, column: int, band: int) -> tuple[int, int]:
    """The cell of the last row or last column whose path costs least for its length."""
    least, best_row, best_column = np.inf, row, column
    for i in range(max(0, row - band + 1), row + 1):
        mean = paths[i, column] / (i + column + 2)
        if mean < least:
            least, best_row, best_column = mean, i, column
    for j in range(max(0, column - band + 1), column + 1):
        mean = paths[row, j] / (row + j + 2)
        if mean <= least:
            least, best_row, best_column = mean, row, j
    return best_row, best_column


@njit(cache=True)  # type: ignore[untyped-decorator]
def _fill(costs: NDArray[np.float32], paths: NDArray[np.float64], i: int, j: int) -> None:
    """Dynamic programming at one cell, all three steps with weight 1."""
    least = np.inf
    if i > 0:
        least = min(least, paths[i - 1, j])
    if j > 0:
        least = min(least, paths[i, j - 1])
    if i > 0 and j > 0:
        least = min(least, paths[i - 1, j - 1])
    paths[i, j] = (0.0 if least == np.inf else least) + costs[i, j]


@njit(cache=True)  # type: ignore[untyped-decorator]
def forward_path(costs: NDArray[np.float32]) -> NDArray[np.int64]:
    """(input frames, score frames) local costs to (input frames,) int64: the score frame when each was heard."""
    inputs, scores = costs.shape
    paths = np.full((inputs, scores), np.inf)
    at = np.zeros(inputs, np.int64)
    row = column = run = previous = 0
    paths[0, 0] = costs[0, 0]
    while True:
        best_row, best_column = _frontier(paths, row, column, BAND_FRAMES)
        if row < BAND_FRAMES:
            step = _BOTH
        elif run >= MAX_RUN_COUNT:
            step = _COLUMN if previous == _ROW else _ROW
        elif best_row < row:
            step = _COLUMN
        elif best_column < column:
            step = _ROW
        else:
            step = _BOTH
        if column == scores - 1:
            step = _ROW
        if step != _COLUMN:
            at[row] = best_column
            row += 1
            if row == inputs:
                return at
            for j in range(max(0, column - BAND_FRAMES + 1), column + 1):
                _fill(costs, paths, row, j)
        if step != _ROW:
            column += 1
            for i in range(max(0, row - BAND_FRAMES + 1), row + 1):
                _fill(costs, paths, i, column)
        run = 1 if step == _BOTH or step != previous else run + 1
        previous = previous if step == _BOTH else step
