"""The restricted reader takes the authors' files and nothing that runs."""

import io
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scorebench.errors import DataError
from scorebench.safe_npz import read_npz

TINY = Path(__file__).parents[1] / "fixtures/cyolo/dataset/Synth__tiny00__tiny00_synth.npz"


def test_reads_what_numpy_reads() -> None:
    ours, theirs = read_npz(TINY), np.load(TINY, allow_pickle=True)
    assert set(ours) == set(theirs.files)
    np.testing.assert_array_equal(ours["sheets"], theirs["sheets"])
    for key in ("coords", "systems", "bars"):
        assert [dict(row) for row in ours[key]] == [dict(row) for row in theirs[key]]
    assert bool(ours["synthesized"]) == bool(theirs["synthesized"])


def test_reads_the_authentic_piece(shared: Path) -> None:
    path = shared / "msmd/Anonymous__lesgraces__lesgraces_synth.npz"
    ours, theirs = read_npz(path), np.load(path, allow_pickle=True)
    assert [dict(row) for row in ours["coords"]] == [dict(row) for row in theirs["coords"]]


def archive(path: Path, member: bytes, fortran: str = "False") -> Path:
    header = f"{{'descr': '|O', 'fortran_order': {fortran}, 'shape': (1,), }}".encode().ljust(117) + b"\n"
    content = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + member
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("coords.npy", content)
    return path


class Evil:
    def __reduce__(self) -> tuple:
        return os.system, ("touch EVIL_WAS_HERE",)


class Getattr:
    def __reduce__(self) -> tuple:
        return getattr, ("", "join")


@pytest.mark.parametrize("evil", [Evil(), Getattr(), np.load, np.dtype([("a", "i4")]), np.random.default_rng(0)])
def test_refuses_a_pickle_that_asks_for_anything_else(
    tmp_path: Path, evil: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    array = np.empty(1, object)
    array[0] = evil
    path = archive(tmp_path / "evil.npz", pickle.dumps(array))
    with pytest.raises(DataError, match="refused"):
        read_npz(path)
    assert not (tmp_path / "EVIL_WAS_HERE").exists()


@pytest.mark.parametrize("kept", [0, 10, 100, 5000, -30])
def test_a_truncated_file_is_one_clear_error(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "cut.npz"
    path.write_bytes(TINY.read_bytes()[:kept])
    with pytest.raises(DataError, match=r"cut\.npz"):
        read_npz(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_npz(tmp_path / "none.npz")


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.dictionaries(st.text(min_size=1), plain, max_size=4), min_size=1, max_size=5))
def test_plain_data_comes_through_unchanged(items: list[dict]) -> None:
    array = np.empty(len(items), object)
    array[:] = items
    buffer = io.BytesIO()
    np.savez(buffer, coords=array)
    path = Path(os.environ.get("TMPDIR", "/tmp")) / f"plain-{os.getpid()}.npz"
    path.write_bytes(buffer.getvalue())
    try:
        assert list(read_npz(path)["coords"]) == items
    finally:
        path.unlink()


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 1 << 16), st.integers(0, 255))
def test_a_damaged_pickle_never_gets_past_the_error_type(where: int, value: int) -> None:
    good = pickle.dumps(np.array([{"note_x": np.float32(1.5), "onset": 0.25}], dtype=object))
    bad = bytearray(good)
    bad[where % len(bad)] = value
    path = Path(os.environ.get("TMPDIR", "/tmp")) / f"damaged-{os.getpid()}.npz"
    try:
        read_npz(archive(path, bytes(bad)))
    except DataError:
        pass
    finally:
        path.unlink()
