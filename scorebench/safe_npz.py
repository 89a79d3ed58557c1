"""Read the authors' npz files, which hold pickles, without running anything a pickle asks for.

Python objects inside the archive are rebuilt from stand-ins of our own: numpy's C code never sees state that
came from a pickle. Arrays, dicts, lists, tuples, strings, numbers, booleans and None come through; a pickle that
names anything else is refused.
"""

import io
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from scorebench.errors import DataError

MAX_BYTES = 2 << 30
"""Most bytes an archive may unpack to; a page is one megabyte."""

_PLAIN_KINDS = frozenset("biufUS")


class _Type:
    """Stands in for numpy.dtype: kind and size, byte order from the pickled state."""

    def __init__(self, code: str, *_: Any) -> None:
        if not isinstance(code, str):
            raise pickle.UnpicklingError(f"array type {code!r} is not plain")
        self.code, self.order = code, "="

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        if state[1] not in ("<", ">", "|", "=") or any(part is not None for part in state[2:5]):
            raise pickle.UnpicklingError("structured arrays are refused")
        self.order = state[1]

    def plain(self) -> np.dtype[Any] | None:
        """The numpy type, or None for arrays of Python objects."""
        if self.code in ("O8", "O4", "O"):
            return None
        dtype = np.dtype(self.code).newbyteorder(self.order)  # type: ignore[arg-type]
        if dtype.kind not in _PLAIN_KINDS:
            raise pickle.UnpicklingError(f"arrays of type {self.code!r} are refused")
        return dtype


class _Array:
    """Stands in for numpy.ndarray until its state is known."""

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, kind, fortran, raw = state
        dtype = kind.plain()
        flat = np.frombuffer(raw, dtype) if dtype is not None else _objects(raw)
        self.value = flat.reshape(shape, order="F" if fortran else "C")


def _objects(items: list[Any]) -> np.ndarray[Any, Any]:
    array = np.empty(len(items), object)
    for index, item in enumerate(items):
        array[index] = _settle(item)
    return array


def _reconstruct(*_: Any) -> _Array:
    return _Array()


def _scalar(kind: _Type, raw: bytes) -> Any:
    dtype = kind.plain()
    if dtype is None or len(raw) != dtype.itemsize:
        raise pickle.UnpicklingError("a scalar that is not a number or string")
    return np.frombuffer(raw, dtype)[0]


_ALLOWED: dict[tuple[str, str], Callable[..., Any]] = {("numpy", "ndarray"): _Array, ("numpy", "dtype"): _Type}
for _module in ("numpy.core.multiarray", "numpy._core.multiarray"):
    _ALLOWED[_module, "_reconstruct"] = _reconstruct
    _ALLOWED[_module, "scalar"] = _scalar


class _Restricted(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return _ALLOWED[module, name]

    def persistent_load(self, pid: Any) -> Any:
        raise pickle.UnpicklingError(f"it asks for the persistent object {pid!r}")


def _settle(value: Any) -> Any:
    """Replace stand-ins by what they stand for."""
    if isinstance(value, _Array):
        return value.value
    if isinstance(value, dict):
        return {_settle(k): _settle(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_settle(v) for v in value)
    return value


def _read_member(stream: io.BytesIO) -> Any:
    version = np.lib.format.read_magic(stream)
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    _, _, dtype = read_header(stream)
    if not dtype.hasobject:
        stream.seek(0)
        return np.lib.format.read_array(stream, allow_pickle=False)
    return _settle(_Restricted(stream).load())


def read_npz(path: Path) -> dict[str, Any]:
    """Every array of the archive at ``path`` by name.

    Raises:
        DataError: the file is missing, truncated, too large, or holds an object that is not plain data.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > MAX_BYTES:
                raise DataError(f"{path}: unpacks to more than {MAX_BYTES >> 20} MiB; this is no score")
            return {
                member.filename.removesuffix(".npy"): _read_member(io.BytesIO(archive.read(member)))
                for member in archive.infolist()
                if member.filename.endswith(".npy")
            }
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file") from error
    except pickle.UnpicklingError as error:
        raise DataError(f"{path}: refused, it is not plain data: {error}") from error
    except (zipfile.BadZipFile, OSError, EOFError) as error:
        raise DataError(f"{path}: truncated or no npz archive ({error}); fetch it again") from error
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, MemoryError, RecursionError) as error:
        raise DataError(f"{path}: damaged, its arrays cannot be read ({error}); fetch it again") from error
