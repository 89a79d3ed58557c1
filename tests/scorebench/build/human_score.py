"""A score of four bars with a repeat, a grace note and a hidden ornament, and performances of it, made here."""

from pathlib import Path

STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


def _note(name: str, pitch: str, kind: str = "", voice: str = "1") -> str:
    length = "" if kind == "grace" else "<duration>1</duration>"
    start = "<grace/>" if kind == "grace" else ""
    hidden = ' print-object="no"' if kind == "hidden" else ""
    head = "<chord/>" if kind == "chord" else ""
    return (
        f'<note id="{name}"{hidden}>{start}{head}<pitch><step>{pitch[0]}</step><octave>{pitch[1]}</octave></pitch>'
        f"{length}<voice>{voice}</voice><type>quarter</type></note>"
    )


def score() -> str:
    """Bars 1 and 2 are repeated; n3 is a grace note before n4; n8 is hidden; n1 and n2 are one chord."""
    attributes = (
        "<attributes><divisions>1</divisions><key><fifths>0</fifths></key><time><beats>4</beats>"
        "<beat-type>4</beat-type></time><clef><sign>G</sign><line>2</line></clef></attributes>"
    )
    bars = [
        [("n1", "C4"), ("n2", "E4", "chord"), ("n3", "A4", "grace"), ("n4", "G4"), ("n5", "F4"), ("n6", "E4")],
        [("n7", "D4"), ("n8", "B4", "hidden"), ("n9", "F4"), ("n10", "G4")],
        [("n11", "A4"), ("n12", "B4"), ("n13", "C5"), ("n14", "D5")],
        [("n15", "C5"), ("n16", "G4"), ("n17", "E4"), ("n18", "C4")],
    ]
    text = ""
    for number, bar in enumerate(bars, start=1):
        end = '<barline location="right"><repeat direction="backward"/></barline>' if number == 2 else ""
        text += f'<measure number="{number}">{attributes if number == 1 else ""}'
        text += "".join(_note(*note) for note in bar) + f"{end}</measure>"
    part = f'<part-list><score-part id="P1"><part-name/></score-part></part-list><part id="P1">{text}</part>'
    return f'<?xml version="1.0"?><score-partwise version="3.1">{part}</score-partwise>'


PLAYED = ["n1", "n2", "n3", "n4", "n5", "n6", "n7", "n8", "n9", "n10"]
"""Of the repeated bars, in order."""

PITCH = {
    **{"n1": "C4", "n2": "E4", "n3": "A4", "n4": "G4", "n5": "F4", "n6": "E4", "n7": "D4", "n8": "B4", "n9": "F4"},
    **{"n10": "G4", "n11": "A4", "n12": "B4", "n13": "C5", "n14": "D5", "n15": "C5", "n16": "G4", "n17": "E4"},
    "n18": "C4",
}

BEAT = {
    **{"n1": 0.0, "n2": 0.0, "n3": 1.0, "n4": 1.0, "n5": 2.0, "n6": 3.0, "n7": 4.0, "n8": 5.0, "n9": 6.0, "n10": 7.0},
    **{f"n{11 + i}": 8.0 + i for i in range(8)},
}


def match_lines(repeat: bool = True, silent: tuple[str, ...] = (), late: tuple[str, ...] = ()) -> list[str]:
    """A .match file: one beat a second, 10 ms late at each note of a chord; one wrong note at the beginning of bar 2.

    Args:
        repeat: play bars 1 and 2 twice.
        silent: names (n4-1) that are not played.
        late: names that are played 3 s late.
    """
    visits = [(n, 1, BEAT[n]) for n in PLAYED] + ([(n, 2, BEAT[n] + 8) for n in PLAYED] if repeat else [])
    visits += [(f"n{i}", 1, BEAT[f"n{i}"] + (8 if repeat else 0)) for i in range(11, 19)]
    lines = [
        "info(matchFileVersion,1.0.0).",
        "info(midiClockUnits,480).",
        "info(midiClockRate,500000).",
        "scoreprop(timeSignature,4/4,1:1,0,0.0000).",
    ]
    for index, (name, visit, beat) in enumerate(visits):
        anchor, pitch = f"{name}-{visit}", PITCH[name]
        bar, place = int(beat // 4) + 1, int(beat % 4) + 1
        length = "0" if name == "n3" else "1/4"
        snote = f"snote({anchor},[{pitch[0]},n],{pitch[1]},{bar}:{place},0,{length},{beat:.4f},{beat + 1:.4f},[v1])"
        if anchor in silent:
            lines.append(f"{snote}-deletion.")
            continue
        second = 2 + beat + (0.01 if name == "n2" else -0.05 if name == "n3" else 0) + (3 if anchor in late else 0)
        midi = 12 * (int(pitch[1]) + 1) + STEPS[pitch[0]]
        lines.append(
            f"{snote}-note(p{index},{midi},{round(960 * second)},{round(960 * second) + 700},{60 + index},0,0)."
        )
    lines.append("insertion-note(p99,70,5900,6100,40,0,0).")
    return lines


def write_match(path: Path, lines: list[str]) -> Path:
    """Put the lines in a file."""
    path.write_text("\n".join(lines) + "\n")
    return path
