"""A dataset's definition (``datasets/<name>/card.toml``), and the scores of the user's music21 that it names."""

import importlib.util
import tomllib
from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scorebench.build.chorale import two_staves
from scorebench.build.musicxml import prepare, read_score
from scorebench.errors import DataError, MissingDependencyError
from scorebench.resources import resource


@dataclass(frozen=True)
class PieceCard:
    """One piece of a definition.

    Attributes:
        name: as MSMD names pieces, ``Composer__work__piece``; safe as the name of a folder.
        source: the score's file inside music21's corpus.
        kind: ``keyboard``, or ``chorale`` (four parts, put on two staves).
        tempo_bpm: quarter notes a minute where the score's own tempo is missing or absurd.
    """

    name: str
    source: str
    title: str
    composer: str
    kind: str
    tempo_bpm: float | None = None


@dataclass(frozen=True)
class ConditionCard:
    """What sounds in one condition: which notes (``timing``), on which piano, in a room or not, in which file."""

    audio: str
    timing: str
    sound: str
    room: bool


@dataclass(frozen=True)
class Card:
    """A dataset's definition.

    Attributes:
        facts: everything the file says, for ``dataset.json``.
        splits: split -> names of its pieces, sorted.
    """

    name: str
    version: str
    seed: int
    pieces: tuple[PieceCard, ...]
    conditions: Mapping[str, ConditionCard]
    splits: Mapping[str, tuple[str, ...]]
    facts: Mapping[str, Any]


def read_card(name: str) -> Card:
    """The definition of the dataset called ``name``.

    Raises:
        DataError: its card or one of its lists is damaged; the file is named.
    """
    path, facts = card_facts(name)
    try:
        pieces = tuple(PieceCard(**piece) for piece in facts["piece"])
        conditions = {split: _condition(made) for split, made in facts["conditions"].items()}
        names = {p.name for p in pieces}
        splits = {split: read_split(path.parent / "splits" / f"{split}.txt", names) for split in conditions}
        return Card(facts["name"], facts["version"], int(facts["seed"]), pieces, conditions, splits, facts)
    except (KeyError, TypeError) as error:
        raise DataError(f"{path}: not a dataset card ({error}); install scorebench again") from error


def card_facts(name: str) -> tuple[Path, dict[str, Any]]:
    """The card of the dataset called ``name``: where it lies, and what it says; all have name, version, licence.

    Raises:
        DataError: it is damaged.
    """
    path = resource(f"datasets/{name}/card.toml")
    try:
        facts = tomllib.loads(path.read_text(encoding="utf-8"))
        return path, {**facts, "name": str(facts["name"]), "version": str(facts["version"])}
    except (KeyError, ValueError) as error:
        raise DataError(f"{path}: not a dataset card ({error}); install scorebench again") from error


def _condition(made: Mapping[str, Any]) -> ConditionCard:
    return ConditionCard(made["audio"], made["timing"], made["sound"], made["room"])


def read_split(path: Path, known: Set[str]) -> tuple[str, ...]:
    """The names of pieces in one of a definition's lists, sorted.

    Raises:
        DataError: it names none, one twice, or one that is not ``known``.
    """
    names = path.read_text(encoding="utf-8").split()
    unknown = set(names) - known
    if unknown or not names or len(set(names)) != len(names):
        raise DataError(f"{path}: names unknown pieces or none, or one twice ({', '.join(sorted(unknown))})")
    return tuple(sorted(names))


def corpus_folder() -> Path:
    """Where the installed music21 keeps its scores. music21 itself is not imported: that takes seconds.

    Raises:
        MissingDependencyError: music21 is not installed, or without its corpus.
    """
    spec = importlib.util.find_spec("music21")
    folder = Path(spec.origin).parent / "corpus" if spec is not None and spec.origin else None
    if folder is None or not folder.is_dir():
        raise MissingDependencyError("the scores come with music21, which is not installed: pip install music21")
    return folder


def score_text(piece: PieceCard) -> str:
    """The score of ``piece``, ready for engraving.

    Raises:
        DataError: the file is missing, damaged, or not of the kind the card says.
        MissingDependencyError: music21 is not installed.
    """
    path = corpus_folder() / piece.source
    text = read_score(path)
    if path.suffix == ".krn":  # Verovio reads Humdrum by itself, heading and tempo included
        return text
    if piece.kind == "chorale":
        text = two_staves(text, str(path))
    return prepare(text, piece.title, piece.composer, piece.tempo_bpm)
