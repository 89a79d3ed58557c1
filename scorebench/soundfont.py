"""Where the pianos come from: soundfonts that are installed, by the names scorebench gives their sounds."""

import functools
import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

from scorebench.errors import MissingDependencyError, UsageError
from scorebench.files import sha256_file

SOUNDS = ("piano", "other-piano")
"""What ``find_sound`` knows: the default piano, and another one for the condition `subset-direct`."""

_PREFERRED = {
    "piano": ("FluidR3Mono_GM", "FluidR3_GM", "MuseScore_General", "TimGM6mb"),
    "other-piano": ("TimGM6mb", "FluidR3Mono_GM", "FluidR3_GM", "MuseScore_General"),
}
_VARIABLE = {"piano": "SCOREBENCH_SOUNDFONT", "other-piano": "SCOREBENCH_OTHER_SOUNDFONT"}
_GRAND, _ELECTRIC_GRAND = 0, 2
"""General MIDI programs. The acoustic neighbour, 1 (bright piano), is within 1.2 dB of 0 in FluidR3: no other piano."""

_FOLDERS = (
    "/usr/share/sounds/sf3",
    "/usr/share/sounds/sf2",
    "/usr/share/soundfonts",
    "/usr/local/share/soundfonts",
    "/opt/homebrew/share/soundfonts",
    "/opt/homebrew/share/fluid-synth/sf2",
    "/usr/local/share/fluid-synth/sf2",
    "~/.local/share/soundfonts",
    "~/Library/Audio/Sounds/Banks",
)
_NO_FONT = (
    "no soundfont with a piano found; install one (Debian: apt install fluidr3mono-gm-soundfont timgm6mb-soundfont; "
    "anywhere: pip install pretty_midi, which carries TimGM6mb), or set SCOREBENCH_SOUNDFONT to an .sf2 or .sf3 file"
)


@dataclass(frozen=True)
class Sound:
    """One piano: a preset of a soundfont file."""

    name: str
    soundfont: Path
    bank: int = 0
    program: int = _GRAND

    @functools.cached_property
    def sha256(self) -> str:
        """Hex sha256 of the soundfont file."""
        return sha256_file(self.soundfont)

    def identity(self) -> dict[str, str | int]:
        """What a manifest says about the sound: no folder of this machine, only the file's name and hash."""
        font = {"soundfont": self.soundfont.name, "sha256": self.sha256}
        return {"name": self.name, **font, "bank": self.bank, "program": self.program}


def find_sound(name: str) -> Sound:
    """The piano called ``name``, one of ``SOUNDS``.

    An environment variable (SCOREBENCH_SOUNDFONT, SCOREBENCH_OTHER_SOUNDFONT) goes first, then soundfonts in the
    usual folders, then the one inside an installed ``pretty_midi``. "other-piano" is another soundfont than
    "piano", or, where there is only one, its electric grand (program 2: strings
    and hammers, picked up).

    Raises:
        UsageError: no such name, or an environment variable names a file that is not there.
        MissingDependencyError: no soundfont is installed; the message names packages.
    """
    if name not in SOUNDS:
        raise UsageError(f"no sound called {name!r}: choose one of {', '.join(SOUNDS)}")
    asked = os.environ.get(_VARIABLE[name])
    if asked:
        if not Path(asked).is_file():
            raise UsageError(f"{asked}: no such file; {_VARIABLE[name]} must name an .sf2 or .sf3 soundfont")
        return Sound(name, Path(asked))
    fonts = _installed(_PREFERRED[name])
    if name == "piano":
        if not fonts:
            raise MissingDependencyError(_NO_FONT)
        return Sound(name, fonts[0])
    first = find_sound("piano").soundfont
    others = [font for font in fonts if font.stem.lower() != first.stem.lower() and not font.samefile(first)]
    return Sound(name, others[0]) if others else Sound(name, first, program=_ELECTRIC_GRAND)


def _installed(stems: tuple[str, ...]) -> list[Path]:
    """Installed soundfonts of these names, in the order of the names."""
    folders = [Path(folder).expanduser() for folder in _FOLDERS]
    spec = importlib.util.find_spec("pretty_midi")  # finds the package without running it
    if spec is not None and spec.origin:
        folders.append(Path(spec.origin).parent)
    places = [folder / (stem + kind) for stem in stems for folder in folders for kind in (".sf3", ".sf2")]
    return [place for place in places if place.is_file()]
