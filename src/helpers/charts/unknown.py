"""What stands where a picture would, when its figures were not known on the day."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from helpers.charts import style


def not_known(missing: str, *, subtitle: str, source: str, as_of: str, unit: str) -> Axes:
    """Draw an empty frame that names what is missing.

    Parameters
    ----------
    missing : str
        What is not known, as a clause: "the costs of 2024".
    subtitle, source, as_of, unit : str
        As in `helpers.charts.style.finish`.

    Returns
    -------
    Axes
    """
    axes: Axes
    figure, axes = style.canvas(height=2.2)
    axes.axis("off")
    axes.text(0.5, 0.5, "not known on this day", ha="center", va="center", size=12, color=style.THEN)
    title = f"On {as_of} this was not known: {missing}"
    data = pd.DataFrame({"missing": [missing]})
    style.finish(figure, title=title, subtitle=subtitle, source=source, as_of=as_of, unit=unit, alt=title, data=data)
    return axes
