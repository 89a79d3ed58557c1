"""Set up a working environment: `python3 scorebench/bootstrap.py` (that is what `make` calls).

Uses nothing but the standard library, since it runs before anything is installed. It makes the virtual
environment, takes torch for the CPU unless there is a CUDA device, installs scorebench with everything its tests
need, and says how to get the system libraries that pip cannot bring.
"""

import argparse
import ctypes.util
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TORCH = "2.13.0"
PYTHONS = ((3, 11), (3, 13))
DEBIAN = {
    "FluidSynth": ("fluidsynth", "libfluidsynth3"),
    "cairo": ("libcairo2",),
    "a piano soundfont": ("fluidr3mono-gm-soundfont", "timgm6mb-soundfont"),
    "LilyPond": ("lilypond", "ghostscript"),
}
OPTIONAL = "LilyPond"
"""Engraves the dataset msmd-rebuild: CI installs it and tests it, nobody else is asked for it."""

HOMEBREW = {"FluidSynth": ("fluid-synth",), "cairo": ("cairo",), "a piano soundfont": ()}
SOUNDFONT_FOLDERS = ("/usr/share/sounds/sf2", "/usr/share/sounds/sf3", "/usr/share/soundfonts")


def say(text: str) -> None:
    """One line of progress on stderr."""
    print(f"setup: {text}", file=sys.stderr, flush=True)


def check_python() -> None:
    """Exit with 2 where this Python is too old or too new."""
    if not PYTHONS[0] <= sys.version_info[:2] <= PYTHONS[1]:
        wanted = " to ".join(".".join(map(str, v)) for v in PYTHONS)
        have = ".".join(map(str, sys.version_info[:3]))
        say(f"this is Python {have}; scorebench needs {wanted}. Try: make PYTHON=python3.12")
        sys.exit(2)


def make_venv(folder: Path) -> Path:
    """Create the virtual environment unless it is there; the path of its Python."""
    python = folder / "bin" / "python"
    if not python.exists():
        say(f"making {folder}")
        done = subprocess.run([sys.executable, "-m", "venv", str(folder)], check=False)  # noqa: S603
        if done.returncode:
            shutil.rmtree(folder, ignore_errors=True)
            say("no virtual environment could be made; on Debian: apt-get install python3-venv")
            sys.exit(1)
    return python


def succeeds(*command: str) -> bool:
    """Run quietly; whether it went well."""
    return subprocess.run(command, check=False, capture_output=True).returncode == 0  # noqa: S603


def pip(python: Path, *words: str) -> None:
    """`pip install`; exit with 1 when it fails, after its own message."""
    done = subprocess.run([str(python), "-m", "pip", "install", "--quiet", *words], check=False)  # noqa: S603
    if done.returncode:
        say(f"pip install {' '.join(words)} failed, see above")
        sys.exit(1)


def has_cuda() -> bool:
    """Whether an NVIDIA device is there."""
    return Path("/dev/nvidia0").exists() or (shutil.which("nvidia-smi") is not None and succeeds("nvidia-smi", "-L"))


def install_torch(python: Path) -> None:
    """torch for the CPU, unless there is a CUDA device: PyPI's Linux wheel brings gigabytes of CUDA."""
    if succeeds(str(python), "-c", "import torch"):
        return
    if has_cuda() or sys.platform != "linux":
        say("installing torch as PyPI has it")
        pip(python, "torch>=2.4")
        return
    say(f"installing torch {TORCH} for the CPU")
    local = (str(python), "-m", "pip", "install", "--quiet", "--only-binary=:all:", f"torch=={TORCH}+cpu")
    if succeeds(*local):
        return
    pip(python, "uv")
    uv = str(python.parent / "uv")
    if not succeeds(uv, "pip", "install", "--python", str(python), "--torch-backend=cpu", f"torch=={TORCH}"):
        say("no CPU build of torch within reach: taking the one with CUDA, several GB")
        pip(python, f"torch=={TORCH}")


def missing_system() -> list[str]:
    """Names (keys of ``DEBIAN``) of system parts that are absent."""
    missing = []
    if not ctypes.util.find_library("fluidsynth"):
        missing.append("FluidSynth")
    if not ctypes.util.find_library("cairo"):
        missing.append("cairo")
    if not (os.environ.get("SCOREBENCH_SOUNDFONT") or any(_soundfonts(folder) for folder in SOUNDFONT_FOLDERS)):
        missing.append("a piano soundfont")
    return missing


def _soundfonts(folder: str) -> list[Path]:
    return [p for p in Path(folder).glob("*.sf[23]") if p.exists()]


def remedy(missing: Sequence[str]) -> str:
    """The command that brings ``missing``, for this kind of system."""
    if sys.platform == "darwin":
        words = [w for name in missing for w in HOMEBREW[name]]
        return f"brew install {' '.join(words)}" if words else "set SCOREBENCH_SOUNDFONT to a piano .sf2 file"
    return f"apt-get install {' '.join(w for name in missing for w in DEBIAN[name])}"


def install_system(missing: Sequence[str]) -> None:
    """Install ``missing`` with apt-get, where we may; used by CI."""
    words = [w for name in missing for w in DEBIAN[name]]
    if words and shutil.which("apt-get") and os.geteuid() == 0:
        say(f"installing {' '.join(words)}")
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["apt-get", "update", "-q"], ["apt-get", "install", "-y", "-q", "--no-install-recommends"]):
            full = command + (words if "install" in command else [])
            subprocess.run(full, check=False, env=env, stdout=subprocess.DEVNULL)  # noqa: S603


def settle_system(python: Path, install: bool) -> None:
    """Say what is missing and how to get it; take the pip-only way where there is one."""
    missing = missing_system()
    if install:
        wanted = missing if shutil.which("lilypond") else [*missing, OPTIONAL]
        install_system(wanted)
        missing = missing_system()
    for name in missing:
        say(f"{name} is absent. Get it: {remedy([name])}")
    if "FluidSynth" in missing:
        say("meanwhile: sound by tinysoundfont, a synthesiser in a wheel (its sound differs a little)")
        pip(python, "--no-deps", "tinysoundfont>=0.3.6")
    if "a piano soundfont" in missing:
        say("meanwhile: the small soundfont that comes with pretty_midi")
        pip(python, "pretty_midi>=0.2.10")
    if "cairo" in missing:
        say("without cairo no page can be engraved: the dataset `mini` cannot be built")


def main() -> None:
    """Set everything up."""
    parser = argparse.ArgumentParser(description="Make .venv and install scorebench with all it needs.")
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv")
    parser.add_argument("--extras", default="dev")
    parser.add_argument("--install-system", action="store_true", help="install system packages too (root, apt-get)")
    options = parser.parse_args()
    check_python()
    python = make_venv(options.venv)
    install_torch(python)
    say(f"installing scorebench[{options.extras}]")
    pip(python, "--editable", f"{ROOT}[{options.extras}]")
    settle_system(python, options.install_system)
    (options.venv / ".ready").touch()
    say("ready")


if __name__ == "__main__":
    main()
