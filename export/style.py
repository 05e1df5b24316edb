"""How the pictures look, and a PNG of one: the same figure gives the same bytes."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

STYLE: dict[Any, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": "#888888",
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "font.size": 9,
    "grid.color": "#e3e6e9",
}
BLUE, GREY, RED, GREEN = "#1768ac", "#a9b1b9", "#c0392b", "#2e7d4f"


def png(draw: Callable[[Figure], None], size: tuple[float, float], source: str) -> bytes:
    """Draw a figure of `size`, in inches, with its source in the corner below."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=size, layout="constrained")
        draw(figure)
        figure.text(0.995, 0.003, source, ha="right", va="bottom", fontsize=6.5, color="#666666")
        figure.get_layout_engine().set(rect=(0, 0.03, 1, 0.97))  # type: ignore[union-attr, call-arg]
        content = BytesIO()
        figure.savefig(content, format="png", dpi=130, metadata={"Software": None})
        return content.getvalue()
