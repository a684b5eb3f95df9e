"""Tests of exuberance: explosive roots with their critical values and dates, breaks, log-periodic fits.

The parts live in modules of their own; this one gathers what a notebook needs.
"""

from helpers.analysis.critical_values import (
    DEFAULT_RULE,
    LEVELS,
    RULES,
    Cache,
    CriticalValues,
    NullDistribution,
    critical_values,
    null_distribution,
    under_rule,
)
from helpers.analysis.date_stamping import date_stamp, default_min_duration
from helpers.analysis.explosive_roots import RadfResult, default_min_rows, radf
from helpers.analysis.log_periodic import LogPeriodicFit, log_periodic, lppls_fit
from helpers.analysis.psymonitor_mode import bootstrap_as_psymonitor, radf_as_psymonitor
from helpers.analysis.structural_breaks import Breaks, ols_cusum, structural_breaks
from helpers.analysis.wild_bootstrap import wild_bootstrap

__all__ = [
    "DEFAULT_RULE",
    "LEVELS",
    "RULES",
    "Breaks",
    "Cache",
    "CriticalValues",
    "LogPeriodicFit",
    "NullDistribution",
    "RadfResult",
    "bootstrap_as_psymonitor",
    "critical_values",
    "date_stamp",
    "default_min_duration",
    "default_min_rows",
    "log_periodic",
    "lppls_fit",
    "null_distribution",
    "ols_cusum",
    "radf",
    "radf_as_psymonitor",
    "structural_breaks",
    "under_rule",
    "wild_bootstrap",
]  # fmt: skip
