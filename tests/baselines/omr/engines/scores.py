"""Scores as the programs write them, written by us: small, and in the layout and order of each."""

from scorebench.omr import Reading, split_spelling

DOCTYPE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" '
    '"http://www.musicxml.org/dtds/partwise.dtd">\n'
)
SIGNS = {"G": ("G", 2), "F": ("F", 4)}
DIVISIONS = 12


def _pitch(spelling: str) -> str:
    step, alter, octave = split_spelling(spelling)
    altered = f"<alter>{alter}</alter>" if alter else ""
    return f"<pitch><step>{step}</step>{altered}<octave>{octave}</octave></pitch>"


def audiveris_score(reading: Reading, page_px: tuple[int, int], interline_px: float) -> str:
    """As Audiveris: one part, ``width`` of measures, ``default-x`` of notes (left edge), distances in whole tenths.

    Systems are taken to have two staves, each four interlines high, at the top and the bottom of their boxes.
    """

    def tenths(px: float) -> int:
        return round(10 * px / interline_px)

    width, height = page_px
    head = (
        f"<defaults><scaling><millimeters>7</millimeters><tenths>40</tenths></scaling><page-layout>"
        f"<page-height>{tenths(height)}</page-height><page-width>{tenths(width)}</page-width>"
        '<page-margins type="both"><left-margin>80</left-margin><right-margin>80</right-margin>'
        "<top-margin>80</top-margin><bottom-margin>80</bottom-margin></page-margins></page-layout></defaults>"
    )
    measures, previous_bottom = [], None
    boxes = reading.systems.set_index("system")
    before = None
    for bar in reading.measures.itertuples():
        box, parts = boxes.loc[bar.system], []
        if before != bar.system:
            left, right = box.x_px - box.w_px / 2, box.x_px + box.w_px / 2
            top, bottom = box.y_px - box.h_px / 2, box.y_px + box.h_px / 2
            margins = (
                f"<system-margins><left-margin>{tenths(left) - 80}</left-margin>"
                f"<right-margin>{tenths(width - right) - 80}</right-margin></system-margins>"
            )
            if previous_bottom is None:
                distance = f"<top-system-distance>{tenths(top) - 80}</top-system-distance>"
            else:
                distance = f"<system-distance>{tenths(top - previous_bottom)}</system-distance>"
            staves = f"<staff-distance>{tenths(box.h_px - 8 * interline_px)}</staff-distance>"
            new = ' new-system="yes"' if before is not None else ""
            parts.append(
                f'<print{new}><system-layout>{margins}{distance}</system-layout><staff-layout number="2">{staves}'
                "</staff-layout></print>"
            )
            previous_bottom = bottom
        if before is None:
            parts.append(
                f"<attributes><divisions>{DIVISIONS}</divisions><key><fifths>0</fifths></key><time><beats>4</beats>"
                "<beat-type>4</beat-type></time><staves>2</staves>"
                '<clef number="1"><sign>G</sign><line>2</line></clef>'
                '<clef number="2"><sign>F</sign><line>4</line></clef></attributes>'
            )
        before = bar.system
        at = 0
        for note in reading.notes[reading.notes["measure"] == bar.measure].itertuples():
            onset = round((note.onset_quarters - bar.onset_quarters) * DIVISIONS)
            if onset < at:
                parts.append(f"<backup><duration>{at - onset}</duration></backup>")
            elif onset > at:
                parts.append(f"<forward><duration>{onset - at}</duration></forward>")
            length = round(note.duration_quarters * DIVISIONS)
            x = tenths(note.x_px - bar.left_px) - 6.5
            grace = "" if length else "<grace/>"
            duration = f"<duration>{length}</duration>" if length else ""
            tie = '<tie type="stop"/>' if note.tied else ""
            parts.append(
                f'<note default-x="{x}">{grace}{_pitch(note.spelling)}{duration}{tie}<voice>{note.voice + 1}</voice>'
                f"<staff>{note.staff + 1}</staff></note>"
            )
            at = onset + length
        end = round(bar.duration_quarters * DIVISIONS)
        if at != end:
            move = "forward" if end > at else "backup"
            parts.append(f"<{move}><duration>{abs(end - at)}</duration></{move}>")
        wide = tenths(bar.right_px - bar.left_px)
        measures.append(f'<measure number="{bar.measure + 1}" width="{wide}">{"".join(parts)}</measure>')
    part_list = '<part-list><score-part id="P1"><part-name>Piano</part-name></score-part></part-list>'
    return (
        f'{DOCTYPE}<score-partwise version="4.0">{head}{part_list}<part id="P1">{"".join(measures)}</part>'
        "</score-partwise>"
    )


HOMR = """<?xml version='1.0' encoding='utf-8'?>
<score-partwise>
  <work><work-title>piece</work-title></work>
  <defaults />
  <part-list><score-part id="P1"><part-name /></score-part></part-list>
  <part id="P1">
    <measure number="1">
      <attributes><divisions>2</divisions><key><fifths>1</fifths></key>
        <time><beats>2</beats><beat-type>4</beat-type></time>
        <clef number="1"><sign>G</sign><line>2</line></clef><clef number="2"><sign>F</sign><line>4</line></clef>
      </attributes>
      <note><pitch><step>F</step><alter>1</alter><octave>5</octave></pitch><duration>2</duration><voice>1</voice>
        <type>quarter</type><staff>1</staff></note>
      <backup><duration>2</duration></backup>
      <note><pitch><step>D</step><octave>3</octave></pitch><duration>4</duration><voice>1</voice>
        <type>half</type><staff>2</staff></note>
      <backup><duration>2</duration></backup>
      <note><pitch><step>G</step><octave>5</octave></pitch><duration>1</duration><voice>1</voice>
        <type>eighth</type><staff>1</staff></note>
      <note><rest /><duration>1</duration><voice>1</voice><type>eighth</type><staff>1</staff></note>
    </measure>
    <measure number="2">
      <print new-system="yes" />
      <note><grace /><pitch><step>A</step><octave>5</octave></pitch><voice>1</voice>
        <type>eighth</type><staff>1</staff></note>
      <note><pitch><step>G</step><octave>5</octave></pitch><duration>4</duration><tie type="start" /><voice>1</voice>
        <type>half</type><staff>1</staff></note>
      <note><chord /><pitch><step>B</step><octave>4</octave></pitch><duration>4</duration><voice>1</voice>
        <type>half</type><staff>1</staff></note>
    </measure>
    <measure number="3">
      <note><pitch><step>G</step><octave>5</octave></pitch><duration>4</duration><tie type="stop" /><voice>1</voice>
        <type>half</type><staff>1</staff></note>
    </measure>
    <measure number="4"><attributes><key><fifths>0</fifths></key></attributes></measure>
  </part>
</score-partwise>
"""

OEMER = (
    DOCTYPE
    + """<score-partwise version="4.0">
  <work><work-title>Page</work-title></work>
  <identification><encoding><software>Oemer</software></encoding></identification>
  <part-list><score-part id="P1"><part-name>Piano</part-name></score-part></part-list>
  <part id="P1">
    <sound tempo="90"/>
    <measure number="1">
      <attributes><divisions>16</divisions><key><fifths>-2</fifths></key><staves>2</staves>
        <clef number="1"><sign>G</sign><line>2</line></clef><clef number="2"><sign>F</sign><line>4</line></clef>
      </attributes>
      <note><pitch><step>B</step><alter>-1</alter><octave>4</octave></pitch><duration>16</duration><type>quarter</type>
        <stem>down</stem><staff>1</staff><voice>1</voice></note>
      <backup><duration>16</duration></backup>
      <note><rest measure="yes"/><duration>16</duration><staff>2</staff></note>
      <note><pitch><step>E</step><alter>-1</alter><octave>5</octave></pitch><duration>16</duration><type>quarter</type>
        <stem>down</stem><staff>1</staff><voice>1</voice></note>
    </measure>
    <measure number="2">
      <print new-system="yes"/>
      <note><pitch><step>B</step><alter>-1</alter><octave>2</octave></pitch><duration>32</duration><type>half</type>
        <stem>up</stem><staff>2</staff><voice>1</voice></note>
    </measure>
  </part>
</score-partwise>
"""
)
