"""How the SIMULATED pianist plays: every number of it, with its unit and what it follows."""

from dataclasses import dataclass

Range = tuple[float, float]
"""Lowest and highest of a value drawn evenly once per piece, unless the field says otherwise."""


@dataclass(frozen=True)
class Expression:
    """Parameters of a simulated expressive performance.

    Tempo factors are relative to the score's tempo: 2 is twice as fast. Velocities are MIDI units. The sizes are
    those of measured performances, the shapes those of rules; no pianist was recorded or copied:

    - phrase arch in tempo and dynamics: Todd (1992), "The dynamics of dynamics", JASA 91
    - slowing down at ends, tempo ** 3 falling in a straight line: Friberg & Sundberg (1999), JASA 105
    - melody ahead of its chord by 20 to 30 ms, and louder: Goebl (2001), JASA 110
    - long notes louder, where metre is not known: Parncutt (1994), Music Perception 11
    """

    piece_tempo: Range = (0.8, 1.25)  # of the whole piece, even on a logarithmic scale
    local_tempo: Range = (0.7, 1.4)  # bounds of the curve on top, the final ritardando excepted

    phrase_s: Range = (3.0, 10.0)  # shortest and longest phrase, in score time; about four bars
    arch_tempo: Range = (0.08, 0.20)  # log tempo from the ends of a phrase to its middle
    drift_tempo: float = 0.06  # standard deviation of slow wandering, in log tempo
    drift_period_s: Range = (5.0, 20.0)  # of the waves that the wandering is made of, in score time

    phrase_end_tempo: Range = (0.75, 0.92)  # tempo reached where a phrase ends; drawn per phrase
    phrase_end_s: float = 1.5  # length of that ritardando, at most 30 % of the phrase, in score time
    final_tempo: Range = (0.5, 0.7)  # tempo reached at the last note
    final_s: float = 4.0  # length of the final ritardando, at most 15 % of the piece, in score time

    melody_lead_s: Range = (0.020, 0.030)  # the highest note of a chord comes first by this much
    jitter_s: float = 0.008  # standard deviation of every key stroke, cut at 2.5 of them
    closest_s: float = 0.020  # least time between the first notes of successive score positions

    articulation: Range = (0.85, 1.02)  # sounding length over written length; no pedal is simulated
    articulation_spread: float = 0.06  # its standard deviation from note to note
    shortest_s: float = 0.05  # least sounding length

    piece_velocity: Range = (-8.0, 8.0)  # added to all notes
    arch_velocity: Range = (8.0, 16.0)  # from the ends of a phrase to its middle
    drift_velocity: float = 4.0  # standard deviation of slow wandering
    melody_velocity: float = 8.0  # added to the highest note of a score position
    accent_velocity: float = 5.0  # added per doubling of a note's length over the piece's median, at most one
    jitter_velocity: float = 3.0  # standard deviation from note to note
    velocities: tuple[int, int] = (25, 115)  # softest and loudest

    missed: float = 0.01  # share of printed notes that stay silent
    wrong_instead: float = 0.005  # share of printed notes replaced by a neighbouring key
    wrong_beside: float = 0.005  # share of printed notes struck together with a neighbouring key
    lone_silent: float = 0.2  # a note alone at its score position is silent this many times as often


PIANIST = Expression()
"""The simulated pianist of `subset-performance`."""
