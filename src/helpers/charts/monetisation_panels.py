"""Panels of sliders for JupyterLab that leave nothing behind where nobody can move them.

A run of the pipeline (`helpers.journal.VARIABLE` is set) gets one line of text and no widget: no
connection to a front end, no random ids. Everywhere else a cell that ends in a panel shows sliders,
and the same line stands in for them where widgets cannot be drawn.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes

from helpers.journal import VARIABLE


@dataclass(frozen=True)
class Slider:
    """One control of a panel.

    Parameters
    ----------
    label : str
    value, low, high, step : float
        Where it starts, its ends and its step; the start is moved inside the ends.
    """

    label: str
    value: float
    low: float
    high: float
    step: float

    @property
    def start(self) -> float:
        """The value the slider begins at."""
        return min(max(self.value, self.low), self.high)


class Panel:
    """Sliders above a sentence that answers to them.

    Parameters
    ----------
    sliders : mapping of str to Slider
        By the name of the argument they stand for.
    answer : callable
        Called with every slider's value by name; returns the sentence.
    picture : callable, optional
        Called alike; returns the finished Axes to show below the sentence.

    Examples
    --------
    >>> panel = Panel({"price": Slider("Price", 30, 0, 100, 1)}, lambda price: f"{price:.0f} dollars")
    >>> panel.text
    'Panel (sliders in JupyterLab): Price 30. 30 dollars'
    """

    def __init__(
        self, sliders: Mapping[str, Slider], answer: Callable[..., str], picture: Callable[..., Axes] | None = None
    ) -> None:
        self.sliders = dict(sliders)
        self.answer = answer
        self.picture = picture

    @property
    def text(self) -> str:
        """What stands where no slider can be moved."""
        at = ", ".join(f"{slider.label} {slider.start:g}" for slider in self.sliders.values())
        said = self.answer(**{name: slider.start for name, slider in self.sliders.items()})
        return f"Panel (sliders in JupyterLab): {at}. {said}"

    def widget(self) -> Any:
        """Return the widget: a box of sliders with the sentence below, which follows them."""
        import ipywidgets  # type: ignore[import-untyped]  # its widgets are made at run time

        controls = {
            name: ipywidgets.FloatSlider(
                value=slider.start, min=slider.low, max=slider.high, step=slider.step, description=slider.label,
                continuous_update=False, style={"description_width": "initial"}, layout={"width": "34em"},
            )
            for name, slider in self.sliders.items()
        }  # fmt: skip
        said = ipywidgets.HTML()
        shown = [ipywidgets.Image(format="png", width=720)] if self.picture else []

        def follow(_: Any = None) -> None:
            values = {name: control.value for name, control in controls.items()}
            said.value = self.answer(**values)
            for image in shown:
                image.value = _png(self.picture(**values))  # type: ignore[misc]  # there is an image only where there is a picture

        for control in controls.values():
            control.observe(follow, names="value")
        follow()
        return ipywidgets.VBox([*controls.values(), said, *shown])

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """Show sliders in a notebook somebody works in, and one line everywhere else."""
        plain = {"text/plain": self.text}
        if os.environ.get(VARIABLE):
            return plain
        drawn = self.widget()._repr_mimebundle_()
        return {**drawn, **plain}


def _png(axes: Axes) -> bytes:
    drawn: Any = axes.figure
    buffer = io.BytesIO()
    drawn.savefig(buffer, format="png", dpi=150)
    return buffer.getvalue()
