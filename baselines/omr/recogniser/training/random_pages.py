"""Labelled pages of random music, drawn by Verovio: python -m baselines.omr.recogniser.training.random_pages OUT."""

import argparse
from pathlib import Path

from baselines.omr.recogniser.training import shelf
from baselines.omr.recogniser.training.snippets import score
from baselines.omr.recogniser.training.verovio_labels import FONTS, labelled

PAGES_A_SCORE = 2


def make(out: Path, scores: int) -> None:
    """Draw two pages of each of ``scores`` scores, in turn in the fonts that Verovio has."""
    out.mkdir(parents=True, exist_ok=True)
    for seed in range(scores):
        if not (out / f"random-{seed}-0.npz").is_file():
            for number, page in enumerate(labelled(score(seed), FONTS[seed % len(FONTS)], PAGES_A_SCORE)):
                shelf.put(out / f"random-{seed}-{number}.npz", page)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--scores", type=int, default=30)
    asked = parser.parse_args()
    make(asked.out, asked.scores)


if __name__ == "__main__":
    main()
