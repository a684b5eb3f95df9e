"""A finished figure as a file."""

from __future__ import annotations

import io

from matplotlib.figure import Figure


def png(figure: Figure, dpi: float) -> bytes:
    """Return a finished figure as PNG.

    Parameters
    ----------
    figure : Figure
        From `canvas`; its layout is settled by this.
    dpi : float
        Dots an inch.

    Returns
    -------
    bytes
        The same for the same figure, on every machine with the same matplotlib.
    """
    engine = figure.get_layout_engine()
    figure.set_dpi(dpi)
    if engine is not None:
        # Settled once and let go: matplotlib would draw the whole figure unseen for it, and again to be seen.
        engine.execute(figure)
        figure.set_layout_engine(None)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None}, pil_kwargs={"compress_level": 3})
    return buffer.getvalue()
