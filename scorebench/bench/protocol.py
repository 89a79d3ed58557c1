"""How fast are a million positions scored?"""

import time
from typing import Any

import numpy as np

POSITIONS = 1_000_000


def run() -> list[dict[str, Any]]:
    """Score a million random positions on the sample page under both protocols.

    Returns:
        One row a protocol: seconds, and positions a second.
    """
    from scorebench.protocol import cyolo2021, strict
    from scorebench.samplepage import sample_recording

    recording = sample_recording()
    page = recording.pages[0]
    height, width = page.image.shape
    rng = np.random.default_rng(0)
    x, y = rng.uniform(0, width, POSITIONS), rng.uniform(0, height, POSITIONS)
    merged = cyolo2021.merge_onsets(recording.notes, page.systems)
    line = cyolo2021.line_map(merged, 0, cyolo2021.pad_left(height, width))
    frames = rng.integers(0, int(merged.frame[-1]) + 1, POSITIONS)
    began = time.perf_counter()
    cyolo2021.errors_frames(merged, line, frames, x, y)
    whole = time.perf_counter() - began
    onsets = recording.onsets()
    asked_s = rng.choice(onsets["onset_s"].to_numpy(), POSITIONS)
    began = time.perf_counter()
    strict.errors_s(onsets, asked_s, x, y)
    signed = time.perf_counter() - began
    return [
        {"protocol": name, "positions": POSITIONS, "seconds": seconds, "positions_per_s": POSITIONS / seconds}
        for name, seconds in ((cyolo2021.NAME, whole), (strict.NAME, signed))
    ]
