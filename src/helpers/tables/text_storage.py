"""How pandas keeps text here: as Python's own strings instead of Arrow's arrays.

Arrow pays for long columns. Ours have hundreds of rows and are cut and looked up thousands of times a notebook, each
time through a call that costs ten times what numpy's does: a seventh of a run's time. Values and missing values are the
same either way, and so is the name of the type, ``str``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def text_type() -> pd.StringDtype:
    """Return the type of text columns, and make it the one that pandas gives to text from now on.

    Returns
    -------
    pandas.StringDtype
        Equal to ``"str"``. The option is pandas' own, ``mode.string_storage``; columns that were made before keep
        their storage, and the two may be mixed.
    """
    import pandas as pd

    pd.set_option("mode.string_storage", "python")
    return pd.StringDtype(na_value=float("nan"))
