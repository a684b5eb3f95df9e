"""What became of large awards and settlements: announced is not paid."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from helpers.units import money

TABLE = "litigation_benchmarks"


@dataclass(frozen=True)
class Matter:
    """A matter whose amounts stand in several rows of ``litigation_benchmarks``.

    Parameters
    ----------
    name : str
    asked : str
        Key of the row with the amount asked, ``matter/kind``; empty where none stands in the table.
    announced : str
        Key of the row with the amount awarded, agreed or proposed; empty where there was none.
    ends : tuple of str
        Keys of the rows that say what became of it, in order of time; the last one known counts.
    """

    name: str
    asked: str
    announced: str
    ends: tuple[str, ...]


# Only matters with at least two stages in the table: a single amount says nothing about what became of it.
MATTERS = (
    Matter(
        "UMG v. MP3.com",
        "",
        "UMG v. MP3.com: amount the judge had held out/exposure stated by the court (25,000 a CD, about 4,700 CDs)",
        ("UMG v. MP3.com/judgment by consent (50 damages, 3.4 fees)",),
    ),
    Matter("Arista v. LimeWire", "Arista v. LimeWire/amount the labels asked", "", ("Arista v. LimeWire/settlement",)),
    Matter(
        "Disney v. Hotfile",
        "Disney v. Hotfile/amount the studios asked (more than)",
        "Disney v. Hotfile/settlement announced",
        ("Disney v. Hotfile/amount really paid",),
    ),
    Matter(
        "Google Books",
        "",
        "Authors Guild v. Google (Google Books)/proposed settlement",
        ("Authors Guild v. Google (Google Books)/proposed settlement rejected by the court",),
    ),
    Matter(
        "Viacom v. YouTube",
        "Viacom v. YouTube/amount asked",
        "",
        ("Viacom v. YouTube/settlement, no money reported",),
    ),
    Matter(
        "Oracle v. Google",
        "Oracle v. Google/amount asked",
        "",
        ("Oracle v. Google/judgment for defendant (fair use, Supreme Court)",),
    ),
    Matter(
        "Sony v. Cox",
        "",
        "Sony v. Cox (10,017 works)/verdict",
        ("Sony v. Cox/damages vacated on appeal", "Cox v. Sony (Supreme Court)/liability reversed"),
    ),
    Matter(
        "Facebook face tags",
        "",
        "Facebook BIPA (Tag Suggestions), first deal/settlement rejected by the court",
        ("Facebook BIPA (Tag Suggestions)/settlement approved",),
    ),
    Matter("Musk v. OpenAI", "Musk v. OpenAI/amount asked", "", ("Musk v. OpenAI/verdict for defendant",)),
)


def stages(benchmarks: pd.DataFrame) -> pd.DataFrame:
    """Return asked, announced and final amounts of each matter that has at least two of them.

    Parameters
    ----------
    benchmarks : DataFrame
        The table ``litigation_benchmarks`` as known on some day, indexed by row id.

    Returns
    -------
    DataFrame
        One row a matter whose end is known: ``asked``, ``announced``, ``paid`` (USD millions, missing
        where there was none), ``ending`` (the table's words), ``paid_share_of_asked``,
        ``paid_share_of_announced`` (per cent) and ``rows`` (row ids joined by ";").
    """
    table = []
    for matter in MATTERS:
        known = [key for key in (matter.asked, matter.announced, *matter.ends) if f"{TABLE}/{key}" in benchmarks.index]
        ends = [key for key in matter.ends if key in known]
        if not ends:
            continue
        paid = _amount(benchmarks, ends[-1])
        asked, announced = (
            _amount(benchmarks, key) if key in known else None for key in (matter.asked, matter.announced)
        )
        ending = str(benchmarks.loc[f"{TABLE}/{ends[-1]}", "kind"])
        table.append((matter.name, asked, announced, paid, ending, ";".join(f"{TABLE}/{key}" for key in known)))
    columns = ["matter", "asked", "announced", "paid", "ending", "rows"]
    frame = pd.DataFrame(table, columns=columns).set_index("matter")
    frame = frame.astype({"asked": "float64", "announced": "float64", "paid": "float64"})
    for stage in ("asked", "announced"):
        frame[f"paid_share_of_{stage}"] = 100 * frame["paid"] / frame[stage]
    return frame


def _amount(benchmarks: pd.DataFrame, key: str) -> float:
    return float(benchmarks["amount_usd_m"][f"{TABLE}/{key}"])


def describe(stages_known: pd.DataFrame) -> str:
    """Say in words what became of each announced amount."""
    announced = stages_known[stages_known["announced"].notna()]
    told = (
        f"{name}, {money(row['announced'])} and in the end {money(row['paid']) if row['paid'] else 'nothing'} "
        f"({row['ending']})"
        for name, row in announced.iterrows()
    )
    return "; ".join(told) or "none is known on this day"
