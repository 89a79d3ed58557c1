"""Small fixed matrices applied to tiles of a picture, in vector registers.

numba alone would not see that the up to 72 places which a tile is read from and written to are apart from each other,
and would take one channel at a time. Here the instructions are written out for it.
"""

from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

LANES = 16
"""Channels that are transformed at once."""

_VECTOR = ir.VectorType(ir.FloatType(), LANES)
_INT64 = ir.IntType(64)
_BYTES = 4
_FAST = ("fast",)


def tile_transform(matrix: NDArray[np.float64]) -> Any:
    """What compiled loops call to replace a tile x, (n, n), by ``matrix @ x @ matrix.T + summand``, (m, m).

    Args:
        matrix: (m, n).

    Returns:
        A function of the addresses of the n * n sources (int64), of those of the m * m targets (int64), of the summand
        (channels,) float32, and of the first of the ``LANES`` channels to work on. All of each tile is read before any
        of it is written.
    """

    @intrinsic  # type: ignore[untyped-decorator]
    def transform(_: Any, sources: Any, targets: Any, summand: Any, channel: Any) -> Any:  # noqa: ARG001 - numba counts
        def generate(context: Any, builder: ir.IRBuilder, signature: Any, values: Any) -> Any:
            kinds = signature.args[:3]
            read, write, add = (
                context.make_array(kind)(context, builder, value).data
                for kind, value in zip(kinds, values, strict=False)
            )
            _emit(builder, matrix, read, write, add, values[3])
            return context.get_dummy_value()

        return types.void(sources, targets, summand, types.intp), generate

    return transform


def _emit(builder: ir.IRBuilder, matrix: NDArray[np.float64], read: Any, write: Any, add: Any, channel: Any) -> None:
    """The instructions for one tile."""
    m, n = matrix.shape
    offset = builder.mul(channel, ir.Constant(_INT64, _BYTES))

    def place(table: Any, index: int) -> Any:
        address = builder.load(builder.gep(table, [ir.Constant(_INT64, index)]))
        return builder.inttoptr(builder.add(address, offset), _VECTOR.as_pointer())

    columns = []
    for j in range(n):
        column = [builder.load(place(read, n * i + j), align=_BYTES) for i in range(n)]
        columns.append(_combined(builder, matrix, column))
    start = builder.load(builder.bitcast(builder.gep(add, [channel]), _VECTOR.as_pointer()), align=_BYTES)
    for i in range(m):
        row = _combined(builder, matrix, [column[i] for column in columns])
        for j, value in enumerate(row):
            builder.store(builder.fadd(value, start, _FAST), place(write, m * i + j), align=_BYTES)


def _combined(builder: ir.IRBuilder, matrix: NDArray[np.float64], vectors: list[Any]) -> list[Any]:
    """The instructions for ``matrix`` times a column of vectors."""
    results = []
    for row in matrix.tolist():
        terms = [
            vector if factor == 1 else builder.fmul(vector, ir.Constant(_VECTOR, [factor] * LANES), _FAST)
            for factor, vector in zip(row, vectors, strict=True)
            if factor
        ]
        result = terms[0]
        for term in terms[1:]:
            result = builder.fadd(result, term, _FAST)
        results.append(result)
    return results
