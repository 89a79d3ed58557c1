"""Labelled pages of random music, drawn by LilyPond: python -m baselines.omr.recogniser.training.lilypond_pages OUT.

Clefs, keys and time signatures change in every other measure: in real music they are rare.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

from baselines.omr.recogniser.training import shelf
from baselines.omr.recogniser.training.lilypond_labels import labelled

TIMEOUT_S = 400
_METRES = ("4/4", "3/4", "2/4", "6/8", "3/8", "2/2", "9/8", "12/8", "5/4", "7/8", "6/4", "3/2", "9/4", "4/8")
_KEYS = ("c", "g", "d", "a", "e", "b", "fis", "cis", "f", "bes", "es", "as", "des", "ges", "ces")
_CLEFS = ("treble", "bass", "alto", "tenor", "treble", "bass")
_CENTRES = {"treble": 71, "bass": 50, "alto": 60, "tenor": 57}
_NAMES = ("c", "cis", "d", "ees", "e", "f", "fis", "g", "aes", "a", "bes", "b")
_PATTERNS = (
    "4",
    "8 8",
    "8. 16",
    "16 16 8",
    "8 16 16",
    "16 16 16 16",
    "32 32 16 8",
    "16. 32 8",
    "r8 8",
    "8 r8",
    "r4",
    "r16 16 8",
)


def score(seed: int, measures: int = 60) -> str:
    """The text of a LilyPond file of two staves."""
    random = np.random.default_rng((7, seed))
    staves = ["", ""]
    beats = [4, 4]
    clefs = ["treble", "bass"]
    for _ in range(measures):
        change = ""
        if random.random() < 0.4:
            metre = str(random.choice(_METRES))
            count, unit = (int(n) for n in metre.split("/"))
            beats = [count, unit]
            change += f"\\time {metre} "
        if random.random() < 0.4:
            change += f"\\key {random.choice(_KEYS)} \\major "
        for staff in range(2):
            staves[staff] += change + _measure(random, clefs, staff, beats) + " |\n"
    body = "\n".join(f"\\new Staff {{ \\clef {c} {s} }}" for c, s in zip(("treble", "bass"), staves, strict=True))
    size = random.choice([20, 20, 18, 16])
    words = f'\\version "2.24.0"\n#(set-global-staff-size {size})\n\\paper {{ #(set-paper-size "a4") }}\n'
    return f"{words}\\score {{ \\new PianoStaff << {body} >> \\layout {{ }} }}\n"


def _measure(random: np.random.Generator, clefs: list[str], staff: int, beats: list[int]) -> str:
    count, unit = beats
    if random.random() < 0.06:
        return f"R1*{count}/{unit}"
    made, quarters, rest = "", 0.0, 4 * count / unit
    while quarters < rest - 1e-6:
        if random.random() < 0.08:
            clefs[staff] = str(random.choice(_CLEFS))
            made += f"\\clef {clefs[staff]} "
        left = rest - quarters
        long = [(d, q) for d, q in (("1", 4), ("2.", 3), ("2", 2), ("4.", 1.5)) if q <= left]
        if long and random.random() < 0.3:
            value, length = long[int(random.integers(len(long)))]
            made += _note(random, clefs[staff], value) + " "
        elif left >= 1:
            length = 1
            tie = random.random() < 0.1
            made += _beat(random, clefs[staff]) + ("~ " if tie else "")
        else:
            length = 0.5
            made += _note(random, clefs[staff], "8") + " "
        quarters += length
    return made


def _beat(random: np.random.Generator, clef: str) -> str:
    if random.random() < 0.12:
        return "\\tuplet 3/2 { " + " ".join(_note(random, clef, "8") for _ in range(3)) + " } "
    grace = f"\\grace {_note(random, clef, '8')} " if random.random() < 0.05 else ""
    pattern = str(random.choice(_PATTERNS)).split()
    return grace + " ".join(v if v.startswith("r") else _note(random, clef, v) for v in pattern) + " "


def _note(random: np.random.Generator, clef: str, value: str) -> str:
    lowest = round(random.normal(_CENTRES[clef], 7))
    size = int(random.choice([1, 1, 1, 2, 3]))
    pitches = [lowest + int(d) for d in np.cumsum([0, *random.integers(2, 6, size - 1)])]
    named = [_named(p) for p in pitches]
    if len(named) == 1:
        return named[0] + value
    return f"<{' '.join(dict.fromkeys(named))}>{value}"


def _named(pitch: int) -> str:
    octave = pitch // 12 - 4
    return _NAMES[pitch % 12] + ("'" * octave if octave > 0 else "," * -octave)


def make(out: Path, scores: int) -> None:
    """Engrave ``scores`` random scores."""
    out.mkdir(parents=True, exist_ok=True)
    for seed in range(scores):
        if (out / f"signs-{seed}-0.npz").is_file():
            continue
        with tempfile.TemporaryDirectory(prefix="scorebench-") as work:
            source = Path(work) / "signs.ly"
            source.write_text(score(seed), encoding="utf-8")
            for number, page in enumerate(labelled(source, TIMEOUT_S)):
                shelf.put(out / f"signs-{seed}-{number}.npz", page)
        print(f"signs-{seed}", flush=True)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--scores", type=int, default=6)
    asked = parser.parse_args()
    make(asked.out, asked.scores)


if __name__ == "__main__":
    main()
