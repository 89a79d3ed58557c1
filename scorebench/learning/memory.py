"""Memory of a training on a CPU."""

import ctypes

_MMAP_MAX, _TRIM_THRESHOLD = -4, -1
"""Numbers of parameters in glibc's malloc.h."""


def keep_large_blocks() -> None:
    """Let this process keep all that it frees, for what it needs next; where the C library cannot, nothing changes.

    glibc gives blocks above 32 MB back to the system at once, and pictures of a batch are larger: then every step has
    hundreds of thousands of pages fetched and filled with zeros again. It costs a fifth more memory, so that trackers
    keep smaller blocks alone (``scorebench.layers``).
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, TypeError, AttributeError):  # no glibc
        return
    mallopt(_MMAP_MAX, 0)
    mallopt(_TRIM_THRESHOLD, -1)
