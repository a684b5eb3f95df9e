"""The Grunfeld panel as R's plm has it, and golden figures of other packages on it.

Figures: R 4.2.2 with plm 2.6-2, fixest 0.14.2, clubSandwich 0.5.8; linearmodels 7.1 and
pyfixest 0.60.0 where said. Each pair is for value and capital.
"""

from __future__ import annotations

import pandas as pd
import statsmodels.api as sm

FIRM_EFFECTS = (0.110123804121, 0.310065341300)
TWO_WAY_EFFECTS = (0.117715855083, 0.357916273073)
ERRORS = {
    "iid": (0.0118566942140, 0.0173545027756),
    "crv1": (0.0151944939427, 0.0527517717588),
    "two_way": (0.0117111787566, 0.0435899896045),
    "cr2": (0.0206311068339, 0.0826753020490),
}
CRV3 = (0.0380733757426, 0.155250781404)
CR2_FREEDOM = (1.8126, 1.7995)
TWO_WAY_CRV1 = (0.0108244294769, 0.0478483965926)
DRISCOLL_KRAAY = {
    1: (0.0172305602132, 0.0361043059371),
    2: (0.0186687927749, 0.0367549985200),
    3: (0.0198563518509, 0.0364513980832),
}
# Without any small-sample factor (plm's HC0), and with other packages' factors.
CRV1_PLM_HC0 = (0.0143421437124, 0.0497926087238)
CRV1_PLM_SSS = (0.0151560754389, 0.0526183915915)
CRV1_LINEARMODELS = (0.0144143967828, 0.0500434546878)
DRISCOLL_KRAAY_2_PLM_HC0 = (0.0176860327181, 0.0348201468738)
DRISCOLL_KRAAY_2_LINEARMODELS = (0.0182417499074, 0.0359142392835)
# Of 1024 sign vectors, those whose t is at least as large, ties included.
WILD_T = (7.08012257449, 5.74198409105)
WILD_COUNTED = (4, 26)
REGRESSORS = ("value", "capital")
COLUMNS = {"cluster": "firm", "time": "year"}


def load() -> pd.DataFrame:
    """Return 10 firms and 20 years: American Steel is not in plm's panel."""
    data = sm.datasets.grunfeld.load_pandas().data
    ten = data[data["firm"] != "American Steel"]
    return ten.assign(firm=ten["firm"].astype(str), year=ten["year"].astype("int64")).reset_index(drop=True)
