"""The two synthesisers behind ``scorebench.synth``: FluidSynth, and tinysoundfont where it is absent."""

import contextlib
import functools
import importlib
import importlib.metadata
import io
from collections.abc import Iterator
from ctypes import c_char_p, c_int, c_void_p
from types import ModuleType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from scorebench.errors import DataError, MissingDependencyError
from scorebench.soundfont import Sound
from scorebench.timebase import SAMPLE_RATE

ENGINE_RATE = 2 * SAMPLE_RATE
"""Samples a second inside the synthesiser."""

BLOCK_SAMPLES = 64
"""FluidSynth begins a note at the next of its blocks: a strike is at most half a block (0.73 ms) off."""

GAIN = 0.5
"""``synth.gain``, the same for every piece: no file is normalised, so loud pieces stay louder than soft ones.

At 0.5 piano music at ordinary velocities has an RMS of 0.01 to 0.02 (the published sound of MSMD's Les Graces: 0.021),
and 20 keys struck at once at velocity 127 peak near 0.64. (FluidSynth's own default, 0.2, is 8 dB lower.)
"""

EFFECTS = {"synth.reverb.active": 1, "synth.chorus.active": 1}
"""Reverb and chorus as in FluidSynth's command line, which made the sounds of the papers."""

TINY_GAIN_DB = -5.0
"""Gain of the fallback engine, chosen so that its RMS is FluidSynth's at ``GAIN``."""

_LOG_ARGUMENTS = (("level", c_int), ("function", c_void_p), ("data", c_void_p))
_LOG_WARNING, _LOG_INFO = 2, 3  # enum fluid_log_level

_NO_ENGINE = (
    "no synthesiser found; install FluidSynth (Debian: apt install libfluidsynth3, Homebrew: brew install "
    "fluid-synth) with pip install pyfluidsynth, or, without a system library: pip install --no-deps tinysoundfont"
)


def engine() -> str:
    """Name and version of the synthesiser that ``render`` uses here, for manifests.

    Raises:
        MissingDependencyError: neither FluidSynth nor tinysoundfont is installed.
    """
    fluid = _fluidsynth()
    if fluid is None:
        _tinysoundfont()
        return f"tinysoundfont {importlib.metadata.version('tinysoundfont')}"
    version = fluid.cfunc("fluid_version_str", c_char_p)()
    return f"FluidSynth {version.decode()}"


class Player(Protocol):
    """A piano that is moved by keys and asked for its sound."""

    def down(self, pitch: int, velocity: int) -> None:
        """Strike a key, velocity 1 to 127, at the first sample of the next ``sound``."""

    def up(self, pitch: int) -> None:
        """Let go of a key."""

    def sound(self, samples: int) -> NDArray[np.float32]:
        """The next (samples, 2) float32, left and right, at ``ENGINE_RATE``."""


@contextlib.contextmanager
def open_player(sound: Sound) -> Iterator[Player]:
    """A fresh piano at ``ENGINE_RATE``: reverb and chorus carry over from piece to piece in a used one."""
    module = _fluidsynth()
    if module is None:
        yield _TinySoundFont(_tinysoundfont(), sound)
        return
    player = _FluidSynth(module, sound)
    try:
        yield player
    finally:
        player.close()


class _FluidSynth:
    """FluidSynth through pyfluidsynth, in floats: its 16-bit output is dithered with the process's ``rand()``."""

    def __init__(self, module: ModuleType, sound: Sound) -> None:
        settings = {"synth.dynamic-sample-loading": 1, "synth.cpu-cores": 1, "synth.polyphony": 512, **EFFECTS}
        self._synth = module.Synth(gain=GAIN, samplerate=float(ENGINE_RATE), channels=16, **settings)
        self._write = module.cfunc(
            "fluid_synth_write_float",
            c_int,
            *(("synth", c_void_p, 1), ("samples", c_int, 1)),
            *(("left", c_void_p, 1), ("left_from", c_int, 1), ("left_step", c_int, 1)),
            *(("right", c_void_p, 1), ("right_from", c_int, 1), ("right_step", c_int, 1)),
        )
        font = self._synth.sfload(str(sound.soundfont))
        if font < 0 or self._synth.program_select(0, font, sound.bank, sound.program) != 0:
            self.close()
            raise _unreadable(sound, "FluidSynth")

    def down(self, pitch: int, velocity: int) -> None:
        self._synth.noteon(0, pitch, velocity)

    def up(self, pitch: int) -> None:
        self._synth.noteoff(0, pitch)

    def sound(self, samples: int) -> NDArray[np.float32]:
        out = np.zeros((samples, 2), np.float32)
        self._write(self._synth.synth, samples, out.ctypes.data, 0, 2, out.ctypes.data, 1, 2)
        return out

    def close(self) -> None:
        self._synth.delete()


class _TinySoundFont:
    """The engine from a wheel alone. No reverb, no chorus."""

    def __init__(self, module: ModuleType, sound: Sound) -> None:
        self._synth = module.Synth(gain=TINY_GAIN_DB, samplerate=ENGINE_RATE)
        try:
            font = self._synth.sfload(str(sound.soundfont), max_voices=512)
            self._synth.program_select(0, font, sound.bank, sound.program)
        except RuntimeError as error:
            raise _unreadable(sound, "tinysoundfont") from error

    def down(self, pitch: int, velocity: int) -> None:
        self._synth.noteon(0, pitch, velocity)

    def up(self, pitch: int) -> None:
        self._synth.noteoff(0, pitch)

    def sound(self, samples: int) -> NDArray[np.float32]:
        return np.frombuffer(self._synth.generate(samples), np.float32).reshape(samples, 2)


def _unreadable(sound: Sound, reader: str) -> DataError:
    preset = f"bank {sound.bank}, program {sound.program}"
    return DataError(
        f"{sound.soundfont}: {reader} cannot read it, or finds no {preset} in it; choose another soundfont"
    )


@functools.cache
def _fluidsynth() -> ModuleType | None:
    """pyfluidsynth, or None where it or the library behind it is absent."""
    # FluidSynth decodes compressed soundfonts with libsndfile. soundfile brings one of its own under the same name, and
    # the one that is loaded first serves both; the two differ in the last bits. So it is always soundfile's.
    importlib.import_module("soundfile")
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # it prints where the library is, if CI is set
            module = importlib.import_module("fluidsynth")
    except (ImportError, OSError):
        return None
    silence = module.cfunc("fluid_set_log_function", c_void_p, *((n, t, 1) for n, t in _LOG_ARGUMENTS))
    for level in (_LOG_WARNING, _LOG_INFO):  # "SDL2 not initialized": about playing aloud, which nobody does here
        silence(level, None, None)
    return module


def _tinysoundfont() -> ModuleType:
    try:
        return importlib.import_module("tinysoundfont")
    except ImportError as error:
        raise MissingDependencyError(_NO_ENGINE) from error
