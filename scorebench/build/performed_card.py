"""The definition of the dataset ``performed``: which works, whose performances, in which rooms."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scorebench.build.corpus import card_facts, read_split
from scorebench.build.msmd_rebuild import msmd_piece
from scorebench.build.real_room import MeasuredRoom
from scorebench.errors import DataError

NAME = "performed"
MUTOPIA = "mutopia"
"""Folder of the Mutopia project below the source folder."""


@dataclass(frozen=True)
class Work:
    """One piece of the dataset: a work, or an excerpt of one, in one edition.

    Attributes:
        name: as MSMD names pieces, ``Composer__catalogue__piece``.
        catalogue: number or opus, as ``BWV858``, ``O10``.
        movement: what of it, as ``fugue``, ``no. 3``.
        collection: where it comes from; its licence is that collection's.
        score: MusicXML file below the source folder.
        performances: .match files below the source folder; the first is the one that all conditions play.
        tempo_bpm: quarter notes a minute of the synthetic condition: the mean of the first performance.
        bars: first and last bar (as the score numbers them), where only an excerpt is used.
        room: name of the room of ``subset-room``.
        msmd: the piece of MSMD that it is, for a work that stands on the pages of the rebuild.
    """

    name: str
    catalogue: str
    movement: str
    composer: str
    title: str
    collection: str
    score: str
    performances: tuple[str, ...]
    tempo_bpm: float
    room: str
    bars: tuple[str, str] | None = None
    msmd: str = ""


@dataclass(frozen=True)
class PerformedCard:
    """The whole definition.

    Attributes:
        most_pages: longer works are cut after this many.
        snr_db: of the music in a room to its noise, by mean power.
        rooms: by name; the simulated one among them is played by every piece, as a split of its own.
        licences: by collection.
        splits: split -> names of its pieces; the splits of single performers follow from what there is.
        facts: everything the file says, for dataset.json.
    """

    version: str
    seed: int
    most_pages: int
    snr_db: float
    works: tuple[Work, ...]
    rooms: Mapping[str, MeasuredRoom]
    licences: Mapping[str, str]
    splits: Mapping[str, tuple[str, ...]]
    facts: Mapping[str, Any]

    def work(self, name: str) -> Work:
        """The piece called ``name``, which must be one of the definition's."""
        return next(w for w in self.works if w.name == name)


def read_performed_card() -> PerformedCard:
    """The definition, as it is installed.

    Raises:
        DataError: the card or one of its lists is damaged; the file is named.
    """
    path, facts = card_facts(NAME)
    try:
        rooms = {name: MeasuredRoom(name, **room) for name, room in facts["rooms"].items()}
        real = [name for name, room in rooms.items() if not room.simulated]
        works = [_work(piece, real[i % len(real)]) for i, piece in enumerate(facts["piece"])]
        licences = {name: str(c["licence"]) for name, c in facts["collections"].items()}
        return PerformedCard(
            facts["version"],
            int(facts["seed"]),
            int(facts["most_pages"]),
            float(facts["snr_db"]),
            tuple(works),
            rooms,
            licences,
            {s: read_split(path.parent / "splits" / f"{s}.txt", {w.name for w in works}) for s in facts["conditions"]},
            facts,
        )
    except (KeyError, TypeError, ValueError, ZeroDivisionError, OSError) as error:
        raise DataError(f"{path}: not a dataset card ({error}); install scorebench again") from error


def _work(piece: Mapping[str, Any], room: str) -> Work:
    bars = tuple(piece["bars"]) if "bars" in piece else None
    return Work(**{**piece, "performances": tuple(piece["performances"]), "bars": bars, "room": room})


def source_files(card: PerformedCard) -> list[str]:
    """Every file that the definition names, by its place below the source folder, sorted."""
    scores = [w.score for w in card.works] + [p for w in card.works for p in w.performances]
    pages = [f"{MUTOPIA}/{msmd_piece(w.msmd).path}" for w in card.works if w.msmd]
    return sorted({*scores, *pages, *(r.source for r in card.rooms.values())})
