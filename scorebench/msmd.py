"""The official MSMD package: the folder that zenodo record 4745838 unpacks to, with the splits of Table II.

msmd_train, msmd_valid and msmd_test hold <piece>.npz beside <piece>.wav; msmd_rp the 16 pieces with real performances
in three renderings, told apart by split_files/*.yaml or by how the file names end.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from scorebench.authors_layout import read_piece
from scorebench.errors import DataError, UsageError
from scorebench.files import sha256_file
from scorebench.score import Recording


@dataclass(frozen=True)
class Place:
    """Where a split is.

    Attributes:
        folder: below the root; ``expected`` pieces are in the published package.
        split_files: names of the yaml files that may list it, the first that is there counts.
        endings: how its file names end, where no yaml is there.
    """

    folder: str
    expected: int
    split_files: tuple[str, ...] = ()
    endings: tuple[str, ...] = ("",)


PLACES: Mapping[str, Place] = {
    "full": Place("msmd_test", 94),
    "subset-synthetic": Place("msmd_test", 16),
    "subset-performance": Place("msmd_rp", 16, ("rp_synth_split.yaml",), ("_rp_synth", "_performance", "_synth")),
    "subset-direct": Place("msmd_rp", 16, ("do_split.yaml",), ("_do", "_di-left", "_direct")),
    "subset-room": Place("msmd_rp", 16, ("room_split.yaml",), ("_room",)),
    "train": Place("msmd_train", 354),
    "valid": Place("msmd_valid", 19),
}
RENDERINGS = ("_rp_synth", "_performance", "_di-left", "_direct", "_do", "_room", "_synth")


def is_msmd(folder: Path) -> bool:
    """Whether ``folder`` looks like the unpacked package."""
    return any((folder / place.folder).is_dir() for place in PLACES.values())


def work_of(stem: str) -> str:
    """Name of a piece without the ending that tells its rendering."""
    for ending in RENDERINGS:
        if stem.endswith(ending):
            return stem.removesuffix(ending)
    return stem


def read_split_file(path: Path) -> list[str]:
    """The names under the one key ``files`` of a split file.

    Raises:
        DataError: it holds anything else; only this much of YAML is read.
    """
    names, inside = [], False
    for line in path.read_text(encoding="utf-8").splitlines():
        text = line.split("#")[0].rstrip()
        if text == "files:":
            inside = True
        elif inside and text.lstrip().startswith("- "):
            names.append(text.lstrip()[2:].strip().strip("'\""))
        elif text:
            raise DataError(f"{path}: line {line!r} is not a name in a list called files")
    if not names:
        raise DataError(f"{path}: lists no files")
    return names


class MsmdDataset:
    """The package in a folder.

    Attributes:
        name: ``msmd``.
    """

    name = "msmd"

    def __init__(self, root: Path) -> None:
        """Look at the folder ``root``; files are read when they are used.

        Raises:
            UsageError: it holds none of the package's folders.
        """
        if not is_msmd(root):
            raise UsageError(f"{root}: no MSMD here (none of msmd_train, msmd_valid, msmd_test, msmd_rp)")
        self.root = root

    @cached_property
    def hash(self) -> str:
        """sha256 over the names and contents of the npz and wav files of the test splits."""
        digest = hashlib.sha256()
        for folder in ("msmd_test", "msmd_rp"):
            for path in sorted(p for p in (self.root / folder).glob("*") if p.suffix in (".npz", ".wav")):
                digest.update(f"{folder}/{path.name} {sha256_file(path)}\n".encode())
        return digest.hexdigest()

    def splits(self) -> Sequence[str]:
        """The splits of which at least one piece is there."""
        return tuple(split for split in PLACES if self._stems(split))

    def pieces(self, split: str) -> Sequence[str]:
        """Names of the pieces (file stems) of ``split``, sorted. UsageError where there are none."""
        if split not in PLACES:
            raise UsageError(f"msmd has no split {split!r}; it has {', '.join(PLACES)}")
        stems = self._stems(split)
        if not stems:
            place = PLACES[split]
            looked = " or ".join([*place.split_files, *(f"*{e}.npz" for e in place.endings)])
            raise UsageError(f"{self.root / place.folder}: no piece of {split} here; looked for {looked}")
        return stems

    def missing(self) -> list[str]:
        """One line for each split with fewer pieces than the published package has."""
        found = {split: len(self._stems(split)) for split in PLACES}
        return [
            f"{s}: {found[s]} of {p.expected} pieces in {p.folder}" for s, p in PLACES.items() if found[s] < p.expected
        ]

    def _stems(self, split: str) -> list[str]:
        place = PLACES[split]
        there = sorted(p.stem for p in (self.root / place.folder).glob("*.npz"))
        if split == "subset-synthetic":
            real = {work_of(p.stem) for p in (self.root / "msmd_rp").glob("*.npz")}
            return [stem for stem in there if work_of(stem) in real]
        if place.folder != "msmd_rp":
            return there
        for name in place.split_files:
            path = self.root / "split_files" / name
            if path.is_file():
                listed = set(read_split_file(path))
                return [stem for stem in there if stem in listed]
        for ending in place.endings:
            found = [stem for stem in there if stem.endswith(ending)]
            if found and (ending != "_synth" or not any(s.endswith("_rp_synth") for s in there)):
                return found
        return []

    def load(self, split: str, piece: str) -> Recording:
        """One piece. In the performed splits the score's own time comes from the synthetic rendering, if it fits.

        Raises:
            UsageError: no such split, or no such piece in it.
            DataError: a file is missing or damaged.
        """
        if piece not in self.pieces(split):
            raise UsageError(f"{self.root}: no piece {piece!r} in {split}")
        recording = read_piece(self.root / PLACES[split].folder / f"{piece}.npz", split)
        if PLACES[split].folder != "msmd_rp":
            return recording
        return self._with_score_time(recording)

    def _with_score_time(self, recording: Recording) -> Recording:
        """Times of the score by note, from the piece's synthetic rendering where both hold the same notes."""
        unknown = replace(recording, has_score_time=False)
        twin = next(
            (p for p in sorted((self.root / "msmd_test").glob("*.npz")) if work_of(p.stem) == work_of(recording.piece)),
            None,
        )
        if twin is None:
            return unknown
        straight = read_piece(twin, "full").notes.sort_values(["page", "system", "x_px", "pitch"], kind="stable")
        played = recording.notes.sort_values(["page", "system", "x_px", "pitch"], kind="stable")
        same = len(straight) == len(played) and all(
            (straight[c].to_numpy() == played[c].to_numpy()).all() for c in ("pitch", "page", "system", "x_px")
        )
        if not same:
            return unknown
        times = played.assign(
            score_onset_s=straight["score_onset_s"].to_numpy(), score_duration_s=straight["score_duration_s"].to_numpy()
        )
        known = bool(times["score_onset_s"].notna().all())
        return replace(recording, notes=times.sort_index(), has_score_time=known)
