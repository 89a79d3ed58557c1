"""From a trajectory to errors, under both protocols."""

import numpy as np
import pandas as pd

from scorebench.protocol import cyolo2021, strict
from scorebench.protocol.pages import PagePlan
from scorebench.timebase import FRAMES_PER_SECOND

VERSIONS = {cyolo2021.NAME: cyolo2021.VERSION, strict.NAME: strict.VERSION}
"""Protocol versions; results of two versions are never mixed."""

ERROR_COLUMNS = {
    "piece": "str",
    "page": "int64",
    "protocol": "str",
    "onset_frame": "int64",  # frame of the recording at which the answer was asked
    "onset_s": "float64",
    "error_frames": "float64",  # cyolo-2021: absolute, in frames, infinite for a miss; NaN under strict
    "error_s": "float64",  # cyolo-2021: the same in seconds; strict: signed, NaN for a miss
    "answered": "bool",
    "revisited": "bool",  # the onset is on a system that the music leaves and comes back to
}


def score_page(plan: PagePlan, trajectory: pd.DataFrame, complete_frames: int) -> pd.DataFrame:
    """Errors of one page under both protocols.

    Args:
        trajectory: columns frame (of the recording), x_px, y_px; a frame that is missing has no answer.
        complete_frames: frames in the recording; an onset after its end has no answer under ``strict``
            (``cyolo-2021`` drops it).

    Returns:
        ``ERROR_COLUMNS``: a row for each onset frame of ``cyolo-2021``, then one for each onset of ``strict``.
    """
    said = trajectory.drop_duplicates("frame").set_index("frame")[["x_px", "y_px"]]
    rows = pd.concat([_rows_2021(plan, said), _rows_strict(plan, said, complete_frames)], ignore_index=True)
    rows.insert(0, "piece", plan.page.piece)
    rows.insert(1, "page", plan.page.index)
    return rows.astype(ERROR_COLUMNS)[list(ERROR_COLUMNS)]


def _rows_2021(plan: PagePlan, said: pd.DataFrame) -> pd.DataFrame:
    frames = plan.frames_2021
    x, y = said.reindex(frames).to_numpy(np.float64).T
    if len(frames):
        line = cyolo2021.line_map(plan.merged, plan.page.index, cyolo2021.pad_left(*plan.page.image.shape))
        errors = cyolo2021.errors_frames(plan.merged, line, frames, x, y)
    else:
        errors = np.zeros(0)
    return pd.DataFrame(
        {
            "protocol": cyolo2021.NAME,
            "onset_frame": frames,
            "onset_s": frames / FRAMES_PER_SECOND,
            "error_frames": errors,
            "error_s": errors / FRAMES_PER_SECOND,
            "answered": np.isfinite(errors),
            "revisited": False,
        }
    )


def _rows_strict(plan: PagePlan, said: pd.DataFrame, complete_frames: int) -> pd.DataFrame:
    x, y = said.reindex(plan.onset_frames).to_numpy(np.float64).T
    x = np.where(plan.onset_frames < complete_frames, x, np.nan)
    errors = strict.errors_s(plan.onsets, plan.onsets["onset_s"].to_numpy(), x, y)
    return pd.DataFrame(
        {
            "protocol": strict.NAME,
            "onset_frame": plan.onset_frames,
            "onset_s": plan.onsets["onset_s"].to_numpy(),
            "error_frames": np.nan,
            "error_s": errors,
            "answered": np.isfinite(errors),
            "revisited": strict.revisited(plan.onsets),
        }
    )
