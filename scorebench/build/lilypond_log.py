"""What LilyPond wrote down while it engraved: the notes of each score, their ties, and the tempo.

Moments are as LilyPond counts them: whole notes, with the time of grace notes kept apart. MIDI ticks follow from
them by LilyPond's own rule: 384 a quarter note, and grace notes at 9/40 of their written length.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from scorebench.errors import DataError

TICKS_PER_WHOLE = 1536
GRACE_SHARE = Fraction(9, 40)
DEFAULT_WHOLES_PER_MINUTE = Fraction(15)
"""LilyPond's tempo where a score has none: a quarter note a second."""


@dataclass(frozen=True)
class LoggedNote:
    """One written note.

    Attributes:
        number: of its notehead in the drawing; 0 in a played score.
        main, grace: when it begins, in whole notes.
        pitch: MIDI number.
        length: written length in whole notes.
    """

    number: int
    main: Fraction
    grace: Fraction
    pitch: int
    length: Fraction

    @property
    def tick(self) -> int:
        """When it begins, in MIDI ticks from the beginning of the score; may be negative for grace notes."""
        return to_ticks(self.main + GRACE_SHARE * self.grace)

    @property
    def end_tick(self) -> int:
        """When it ends, in MIDI ticks, ties left aside."""
        share = GRACE_SHARE if self.grace else 1
        return to_ticks(self.main + GRACE_SHARE * self.grace + share * self.length)


@dataclass
class Music:
    """One ``\\score`` as it was printed, or played.

    Attributes:
        ties: numbers of the two notes that each tie joins.
        tempos: (tick, whole notes a minute), in order.
        end: when it ends, in ticks.
    """

    notes: list[LoggedNote] = field(default_factory=list)
    ties: list[tuple[int, int]] = field(default_factory=list)
    tempos: list[tuple[int, Fraction]] = field(default_factory=list)
    end: int = 0

    def content(self) -> set[tuple[int, int]]:
        """(tick, pitch) of every note."""
        return {(n.tick, n.pitch) for n in self.notes}


def to_ticks(wholes: Fraction) -> int:
    """MIDI ticks, cut off towards 0 as LilyPond does."""
    return int(wholes * TICKS_PER_WHOLE)


def read_log(text: str) -> tuple[list[Music], list[Music]]:
    """The scores that were printed, and those that were played, in the order of the file.

    Raises:
        DataError: the log is damaged.
    """
    scores: dict[str, list[Music]] = {"printed": [], "played": []}
    now: Music | None = None
    for line in text.splitlines():
        kind, *words = line.split("\t")
        if kind in scores:
            now = Music()
            scores[kind].append(now)
        elif kind != "book":
            try:
                _read_line(now, kind, words)
            except (ValueError, KeyError, IndexError, ZeroDivisionError) as error:
                raise DataError(f"scorebench.tsv: {line!r} is not a line of LilyPond's log") from error
    return scores["printed"], scores["played"]


def _read_line(music: Music | None, kind: str, words: Sequence[str]) -> None:
    if music is None:
        raise KeyError("before any score")
    if kind == "note":
        number, main, grace, pitch, length = words
        key = round(Fraction(pitch))
        music.notes.append(LoggedNote(int(number), Fraction(main), Fraction(grace), key, Fraction(length)))
    elif kind == "tie":
        music.ties.append((int(words[0]), int(words[1])))
    elif kind == "tempo":
        main, grace, wholes = words
        music.tempos.append((to_ticks(Fraction(main) + GRACE_SHARE * Fraction(grace)), Fraction(wholes)))
    elif kind == "end":
        music.end = to_ticks(Fraction(words[0]))
    else:
        raise KeyError(kind)


def tempo_source(music: Music, played: Sequence[Music]) -> Music:
    """Where the tempo of ``music`` stands: in the played score with the same notes, or else in itself."""
    content = music.content()

    def likeness(other: Music) -> float:
        theirs = other.content()
        return len(content & theirs) / max(1, len(content | theirs))

    best = max(played, key=likeness, default=music)
    return best if likeness(best) >= 0.5 else music


class Clock:
    """MIDI ticks to seconds, through the tempos of one score, as LilyPond's MIDI files round them."""

    def __init__(self, tempos: Sequence[tuple[int, Fraction]], first_tick: int) -> None:
        """``first_tick`` is where the clock stands at 0."""
        marks = [(DEFAULT_WHOLES_PER_MINUTE, first_tick)] + [(w, t) for t, w in tempos]
        self._marks = [(tick, int(60_000_000 / (4 * wholes)) / 1e6 / (TICKS_PER_WHOLE / 4)) for wholes, tick in marks]
        self._first = first_tick

    def seconds(self, tick: int) -> float:
        """Seconds from the first tick to ``tick``."""
        total = 0.0
        ends = [begin for begin, _ in self._marks[1:]] + [tick]
        for (begin, tick_s), end in zip(self._marks, ends, strict=True):
            begin, end = max(begin, self._first), min(end, tick)
            if end > begin:
                total += (end - begin) * tick_s
        return total
