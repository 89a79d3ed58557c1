"""The set-up: what it asks for, what it falls back on, what it says."""

import subprocess
import sys
from pathlib import Path

import pytest

from scorebench import bootstrap


@pytest.fixture
def pips(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    calls: list[tuple[str, ...]] = []
    monkeypatch.setattr(bootstrap, "pip", lambda python, *words: calls.append(words))
    monkeypatch.setattr(sys, "platform", "linux")
    return calls


def test_it_needs_nothing_but_the_standard_library() -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", bootstrap.__file__, "--help"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "--install-system" in done.stdout


@pytest.mark.parametrize("version", [(3, 10, 9), (3, 14, 0)])
def test_another_python_is_refused_with_a_remedy(
    version: tuple, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", version)
    with pytest.raises(SystemExit) as stopped:
        bootstrap.check_python()
    assert stopped.value.code == 2
    assert "make PYTHON=" in capsys.readouterr().err


def test_torch_for_the_cpu_comes_from_at_hand_then_from_uv_then_whole(
    pips: list, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(bootstrap, "has_cuda", lambda: False)
    tried: list[str] = []

    def fails(*command: str) -> bool:
        tried.append(" ".join(command))
        return False

    monkeypatch.setattr(bootstrap, "succeeds", fails)
    bootstrap.install_torch(tmp_path / "bin/python")
    assert "import torch" in tried[0]
    assert tried[1].endswith("+cpu")
    assert "--torch-backend=cpu" in tried[2]
    assert pips == [("uv",), (f"torch=={bootstrap.TORCH}",)]


def test_with_a_cuda_device_torch_is_taken_as_it_is(
    pips: list, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(bootstrap, "has_cuda", lambda: True)
    monkeypatch.setattr(bootstrap, "succeeds", lambda *command: False)
    bootstrap.install_torch(tmp_path / "bin/python")
    assert pips == [("torch>=2.4",)]


def test_what_is_missing_is_named_with_its_remedy_and_replaced_where_wheels_can(
    pips: list, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap, "missing_system", lambda: ["FluidSynth", "cairo", "a piano soundfont"])
    bootstrap.settle_system(tmp_path / "bin/python", install=False)
    said = capsys.readouterr().err
    assert "apt-get install fluidsynth" in said
    assert "apt-get install libcairo2" in said
    assert "fluidr3mono-gm-soundfont" in said
    assert pips == [("--no-deps", "tinysoundfont>=0.3.6"), ("pretty_midi>=0.2.10",)]


def test_on_a_mac_the_remedy_is_homebrew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert bootstrap.remedy(["FluidSynth", "cairo"]) == "brew install fluid-synth cairo"


def test_an_empty_folder_holds_no_soundfont(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(bootstrap, "SOUNDFONT_FOLDERS", (str(tmp_path),))
    monkeypatch.delenv("SCOREBENCH_SOUNDFONT", raising=False)
    assert "a piano soundfont" in bootstrap.missing_system()
    (tmp_path / "piano.sf2").write_bytes(b"RIFF")
    assert "a piano soundfont" not in bootstrap.missing_system()
