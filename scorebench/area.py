"""Pictures made smaller by area: each new pixel is the mean of what it covers, as cv2.INTER_AREA has it."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array


def area_average(image: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """``image`` (rows, columns) at ``height`` x ``width``, both not larger than it is."""
    rows = _cover(image.shape[0], height) @ image
    columns = _cover(image.shape[1], width) @ np.ascontiguousarray(rows.T)
    averaged: NDArray[np.float32] = np.ascontiguousarray(columns.T, dtype=np.float32)
    return averaged


@lru_cache(maxsize=16)
def _cover(old: int, new: int) -> csr_array:
    """(new, old) float32: the share of each old pixel in each new one; rows sum to 1."""
    edges = np.arange(new + 1) * (old / new)
    first = np.floor(edges[:-1]).astype(np.int64)
    reach = int(np.ceil(old / new)) + 1
    column = first[:, None] + np.arange(reach)
    overlap = np.minimum(edges[1:, None], column + 1) - np.maximum(edges[:-1, None], column)
    share = np.clip(overlap, 0, None) * (new / old)
    row = np.repeat(np.arange(new), reach)
    inside = (column < old).ravel() & (share > 0).ravel()
    entries = (share.ravel()[inside].astype(np.float32), (row[inside], column.ravel()[inside]))
    return csr_array(entries, shape=(new, old))
