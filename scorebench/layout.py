"""A table as Markdown, LaTeX or CSV."""

import csv
import io
from collections.abc import Callable, Sequence

from scorebench.protocol import cyolo2021
from scorebench.table import PAPER_SOURCE, PROTOCOLS, Row, Section, Table, best, to_json
from scorebench.timebase import THRESHOLDS_S

HEAD = ("tracker", "given", *(f"≤{t:g}" for _ in PROTOCOLS for t in THRESHOLDS_S), "pages", "onsets")


def caption(table: Table) -> str:
    """What the table is made from."""
    versions = ", ".join(f"{name} v{version}" for name, version in table.protocols.items())
    part = f", pieces {', '.join(table.pieces)}" if table.pieces else ""
    return (
        f"Ratio of onsets tracked within 0.05 to 5 s, over all onsets. Dataset {table.dataset} "
        f"(sha256 {table.dataset_hash[:12]}){part}, seed {table.seed}. Protocols: {versions}."
    )


def notes(table: Table) -> list[str]:
    """What the marks in the table mean, as far as they occur."""
    rows = [row for section in table.sections for row in section.rows]
    kinds = {row.kind for row in rows}
    lines = []
    if "ceiling" in kinds:
        lines.append("ceiling: given the truth; compare with it, it does not compete." + _why_short(rows))
    if "demo" in kinds:
        lines.append("demo: weights trained only as far as a CPU goes; not compared.")
    if "paper" in kinds:
        lines.append(f"paper: {PAPER_SOURCE}; other pages and sounds than ours, beside and not against them.")
    if any(row.failed for row in rows):
        lines.append("†n: n pages or pieces could not be followed; their onsets count as missed.")
    published = dict.fromkeys(row.tracker for row in rows if row.published)
    if published:
        lines.append(f"Not run here, but taken from the published table: {', '.join(published)}.")
    seeds = max((row.seeds for row in rows), default=1)
    if seeds > 1:
        lines.append(f"±: mean and standard deviation over {seeds} seeds, of a tracker that draws its answers.")
    shares = {s.split: max((r.revisited / r.onsets for r in s.rows if r.onsets), default=0.0) for s in table.sections}
    if any(shares.values()):
        lines.append("Onsets on revisited systems: " + ", ".join(f"{k} {v:.1%}" for k, v in shares.items()) + ".")
    return lines


def _why_short(rows: list[Row]) -> str:
    """Why the ceiling is below 1 under cyolo-2021, where it is."""
    if all(min(row.ratios[cyolo2021.NAME]) == 1.0 for row in rows if row.kind == "ceiling"):
        return ""
    return (
        " Under cyolo-2021 it falls short of 1 where a chord is spread over several frames: each of them is an onset "
        "of its own there, and one place has to answer for all; or where a system is played twice."
    )


def _name(row: Row) -> str:
    mark = f" †{row.failed}" if row.failed else ""
    return row.tracker + mark + (f" ({row.kind})" if row.kind != "tracker" else "")


def _cells(section: Section, row: Row, bold: Callable[[str], str]) -> list[str]:
    cells = []
    for protocol in PROTOCOLS:
        top = best(section, protocol)
        ratios = row.ratios.get(protocol)
        for column in range(len(THRESHOLDS_S)):
            if ratios is None:
                cells.append("–")
                continue
            text = f"{ratios[column]:.3f}"
            winner = row.kind == "tracker" and text == f"{top[column]:.3f}"
            spread = f" ± {row.spread[protocol][column]:.3f}" if row.spread else ""
            cells.append((bold(text) if winner else text) + spread)
    counts = [str(n) if n is not None else "–" for n in (row.pages, row.onsets)]
    return [*cells, *counts]


def _heading(section: Section) -> str:
    return " ".join(part for part in (section.numeral, section.title) if part)


def to_markdown(table: Table) -> str:
    """One table a section, best figures bold."""
    blocks = [caption(table)]
    for section in table.sections:
        head = [*HEAD[:2], *(f"{p} {h}" if i % 5 == 0 else h for i, (p, h) in enumerate(_columns())), *HEAD[-2:]]
        rows = [
            [_name(row), ", ".join(row.given) or "–", *_cells(section, row, lambda t: f"**{t}**")]
            for row in section.rows
        ]
        blocks.append(f"### {_heading(section)} (`{section.split}`)\n\n" + aligned(head, rows))
    return "\n\n".join([*blocks, *notes(table)])


def _columns() -> list[tuple[str, str]]:
    return [(protocol, f"≤{t:g}") for protocol in PROTOCOLS for t in THRESHOLDS_S]


def aligned(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table that also reads well as plain text."""
    widths = [max(len(line[i]) for line in [head, *rows]) for i in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        padded = [c.ljust(w) if i < 2 else c.rjust(w) for i, (c, w) in enumerate(zip(cells, widths, strict=True))]
        return "| " + " | ".join(padded) + " |"

    rule = "|" + "|".join("-" * (w + 2) if i < 2 else "-" * (w + 1) + ":" for i, w in enumerate(widths)) + "|"
    return "\n".join([line(head), rule, *(line(row) for row in rows)])


def to_latex(table: Table) -> str:
    """A booktabs table in the shape of the paper's Table II."""
    columns = len(HEAD)
    lines = [
        r"\begin{table}",
        rf"\caption{{{_tex(caption(table))}}}",
        rf"\begin{{tabular}}{{ll{'r' * (columns - 2)}}}",
        r"\toprule",
        " & & " + " & ".join(rf"\multicolumn{{5}}{{c}}{{{p}}}" for p in PROTOCOLS) + r" & & \\",
        " & ".join(_tex(h) for h in HEAD) + r" \\",
    ]
    for section in table.sections:
        lines += [r"\midrule", rf"\multicolumn{{{columns}}}{{l}}{{{_tex(_heading(section))}}} \\"]
        for row in section.rows:
            cells = _cells(section, row, lambda t: rf"\textbf{{{t}}}")
            lines.append(" & ".join([_tex(_name(row)), _tex(", ".join(row.given)), *map(_tex, cells)]) + r" \\")
    lines += [r"\bottomrule", r"\end{tabular}", *(f"% {note}" for note in notes(table)), r"\end{table}"]
    return "\n".join(lines)


def _tex(text: str) -> str:
    for plain, escaped in (
        ("≤", r"$\leq$"),
        ("†", r"$\dagger$"),
        ("–", "--"),
        ("±", r"$\pm$"),
        ("&", r"\&"),
        ("_", r"\_"),
        ("%", r"\%"),
    ):
        text = text.replace(plain, escaped)
    return text


def to_csv(table: Table) -> str:
    """One line for each section, tracker and protocol."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    ratios_head, spread_head = ([f"{kind}_{t:.2f}" for t in THRESHOLDS_S] for kind in ("le", "sd"))
    about_head = ["dataset", "dataset_hash", "split", "tracker", "kind", "given", "protocol"]
    writer.writerow([*about_head, *ratios_head, "pages", "onsets", "seeds", *spread_head])
    for section in table.sections:
        for row in section.rows:
            for protocol, ratios in row.ratios.items():
                about = [table.dataset, table.dataset_hash, section.split, row.tracker, row.kind, "+".join(row.given)]
                spread = [f"{s:.6f}" for s in row.spread.get(protocol, ())] or [""] * len(THRESHOLDS_S)
                means = [f"{r:.6f}" for r in ratios]
                writer.writerow([*about, protocol, *means, row.pages, row.onsets, row.seeds, *spread])
    return out.getvalue().rstrip("\n")


FORMATS: dict[str, Callable[[Table], str]] = {"md": to_markdown, "latex": to_latex, "csv": to_csv, "json": to_json}
"""What `scorebench table --format` can write."""
