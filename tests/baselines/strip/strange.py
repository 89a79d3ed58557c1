"""Pages on which systems are not what they should be."""

import numpy as np

from scorebench.score import ScoreView

STRANGE = ("short", "overlapping", "beyond the page", "turned")


def strange(view: ScoreView, case: str) -> ScoreView:
    """The page of ``view``, whose systems are told, made strange in one of the ways of ``STRANGE``."""
    page, systems = view.pages[0], view.systems
    if case == "short":
        systems = systems.iloc[:1].assign(x_px=90.0, w_px=20.0)
    elif case == "overlapping":
        systems = systems.assign(h_px=600.0)
    elif case == "beyond the page":
        systems = systems.assign(x_px=0.0, y_px=systems["y_px"] - 170)
    else:
        page = np.ascontiguousarray(page.T)
        systems = systems.assign(x_px=600.0, y_px=systems["x_px"] + [-200, 0, 200])
    return ScoreView((page,), {"systems": systems})
