"""Labelled pages of the MSMD rebuild, engraved again: python -m baselines.omr.recogniser.training.collect SOURCE OUT.

Pieces are taken composer by composer, so that a few already cover many ways of writing.
"""

import argparse
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path

from baselines.omr.recogniser.training import shelf
from baselines.omr.recogniser.training.lilypond_labels import labelled
from scorebench.build.msmd_rebuild import Source, sources
from scorebench.build.mutopia import ready_source
from scorebench.errors import DataError

PAGES_A_PIECE = 3
LARGEST_BYTES = 12_000
"""Of a source: longer pieces take long, and do not show more."""

TIMEOUT_S = 240


def in_turn(pieces: Sequence[Source]) -> list[Source]:
    """One piece of each composer, then a second one of each, and so on."""
    by_composer: dict[str, list[Source]] = defaultdict(list)
    for piece in pieces:
        by_composer[piece.piece.partition("__")[0]].append(piece)
    rounds = zip_longest(*(by_composer[name] for name in sorted(by_composer)))
    return [piece for one in rounds for piece in one if piece is not None]


def collect(source: Path, out: Path, split: str, first: int, last: int) -> int:
    """Engrave pieces ``first`` to ``last`` of ``split`` with labels; what is there is kept. The number of pages."""
    out.mkdir(parents=True, exist_ok=True)
    short = [s for s in sources() if s.split == split and _size(source / s.path) < LARGEST_BYTES]
    for piece in in_turn(short)[first:last]:
        if not list(out.glob(f"{piece.piece}-*.npz")):
            _collect_piece(source, out, piece)
    return len(list(out.glob("*.npz")))


def _size(path: Path) -> float:
    return path.stat().st_size if path.is_file() else float("inf")


def _collect_piece(source: Path, out: Path, piece: Source) -> None:
    try:
        with tempfile.TemporaryDirectory(prefix="scorebench-") as work:
            pages = labelled(ready_source(source, piece.path, Path(work)), TIMEOUT_S)
    except DataError as error:
        print(f"{piece.piece}: left out ({error})", flush=True)
        return
    for number, page in enumerate(pages[:PAGES_A_PIECE]):
        shelf.put(out / f"{piece.piece}-{number}.npz", page)
    print(f"{piece.piece}: {min(len(pages), PAGES_A_PIECE)} pages", flush=True)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path, help="checkout of the Mutopia project: it holds ftp/")
    parser.add_argument("out", type=Path)
    parser.add_argument("--split", default="train", choices=("train", "valid"))
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--last", type=int, default=100)
    asked = parser.parse_args()
    print(collect(asked.source, asked.out, asked.split, asked.first, asked.last), "pages")


if __name__ == "__main__":
    main()
