"""What a training frees it gets again without asking the system for it."""

import ctypes
import subprocess
import sys

import pytest

pytest.importorskip("torch")

PAGES = """
import resource, sys, torch
from scorebench.learning.memory import keep_large_blocks

if sys.argv[1] == "kept":
    keep_large_blocks()
for _ in range(12):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(25_000_000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="not glibc")
def test_a_large_tensor_takes_the_place_of_one_before() -> None:
    """100 MB are 25 000 pages. The allocator takes some turns until blocks of one size follow upon each other."""
    kept, given_back = (
        int(subprocess.run([sys.executable, "-c", PAGES, how], check=True, capture_output=True, text=True).stdout)
        for how in ("kept", "given back")
    )
    assert kept < 100
    assert given_back > 1000
