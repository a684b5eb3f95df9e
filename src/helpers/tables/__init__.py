"""The tables of the data package: typed, validated, as known on a day.

``load("cash_flows", as_of="2025-09-05")`` gives what could be known that day; ``describe`` says what a table means;
``sources`` gives the sources of a frame's rows. ``vintage`` chooses between the shipped tables and refreshed ones
(`helpers.tables.vintages`). Importing this package imports neither pandas nor pandera.
"""

from helpers.tables.descriptor import describe, names
from helpers.tables.faults import DataError, Fault, VintageError
from helpers.tables.grading import GRADES, grades
from helpers.tables.loading import known_from, load, sources

__all__ = [
    "GRADES",
    "DataError",
    "Fault",
    "VintageError",
    "describe",
    "grades",
    "known_from",
    "load",
    "names",
    "sources",
]
