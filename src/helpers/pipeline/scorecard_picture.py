"""The verdicts as a picture: a tile a claim, the two dates side by side, in plain HTML that needs no colour.

Each tile is a link, so that it can be reached by keyboard, and says in words what its marks mean. The same verdicts
follow as a table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import escape

from helpers.findings.marks import badge
from helpers.findings.schema import VERDICTS
from helpers.pipeline.pages import edition_title
from helpers.pipeline.table_rows import Row
from helpers.pipeline.trace_links import Traces

_NONE = "no verdict yet"
UNTESTABLE = "not testable"


class Scorecard:
    """Draws the scorecard.

    Parameters
    ----------
    claims : sequence of Row
        Every claim of the article, in its order.
    traces : Traces
    editions : sequence of str
        From the earliest day of knowledge to the latest.
    """

    def __init__(self, claims: Sequence[Row], traces: Traces, editions: Sequence[str]) -> None:
        self.claims, self.traces, self.editions = claims, traces, editions

    def verdict(self, edition: str, claim: str) -> str:
        """Return a verdict; empty where none is given."""
        stated = self.traces.claim_entry(edition, claim)
        return str(stated["verdict"]) if stated else ""

    def counts(self, edition: str) -> Counter[str]:
        """Count the verdicts of an edition."""
        return Counter(self.verdict(edition, one.key) for one in self.claims)

    def turned(self) -> list[Row]:
        """Return the claims whose verdict is not the same in all editions that give one."""
        return [one for one in self.claims if self._has_turned(one)]

    def turns(self) -> dict[str, int]:
        """Count the claims whose verdict turned, by how: a claim that could be tested at one date only is no change."""
        found = {"changed": 0, "became testable": 0, "no longer testable": 0}
        for claim in self.turned():
            first, last = (self.verdict(name, claim.key) for name in (self.editions[0], self.editions[-1]))
            how = (
                "became testable" if first == UNTESTABLE else "no longer testable" if last == UNTESTABLE else "changed"
            )
            found[how] += 1
        return found

    def html(self) -> str:
        """Return counts, tiles and the table of all verdicts."""
        return "\n".join([self._counted(), *self._sections(), self._listed()])

    def _counted(self) -> str:
        dates = [self._date(name) for name in self.editions]
        head = "".join(f'<th scope="col" class="number">{date}</th>' for date in dates)
        rows = []
        for verdict in VERDICTS:
            cells = "".join(f'<td class="number">{self.counts(name)[verdict]}</td>' for name in self.editions)
            rows.append(f'<tr><th scope="row">{badge(verdict)}</th>{cells}</tr>')
        caption = f"The article's {len(self.claims)} claims"
        table = f'<table class="findings counts"><caption>{caption}</caption><thead><tr><th></th>{head}</tr></thead>'
        return f'<div class="scroll">{table}<tbody>{"".join(rows)}</tbody></table></div>'

    def _date(self, edition: str) -> str:
        return f'{edition_title(edition)}<br><span class="day">{self._as_of(edition)}</span>'

    def _sections(self) -> list[str]:
        names = list(dict.fromkeys(one.cells["section"] for one in self.claims))
        shown = []
        for place, name in enumerate(names):
            tiles = "".join(self._tile(one) for one in self.claims if one.cells["section"] == name)
            head = f'<h3 id="section-{place}">{escape(name)}</h3>'
            shown.append(f'<div class="tiles">{head}<ul aria-labelledby="section-{place}">{tiles}</ul></div>')
        return shown

    def _tile(self, claim: Row) -> str:
        found = {name: self.verdict(name, claim.key) for name in self.editions}
        spoken = "; ".join(f"{self._as_of(name)}: {verdict or _NONE}" for name, verdict in found.items())
        text = f"{claim.key}. {claim.cells['claim_en']} {spoken}."
        marks = "".join(
            f'<span class="side {when} verdict-{verdict.replace(" ", "-")}">{VERDICTS.get(verdict, "?")}</span>'
            for when, verdict in zip(self._whens(), found.values(), strict=True)
        )
        kind = "tile turned" if self._has_turned(claim) else "tile"
        inside = f'<span class="claim-id">{claim.key}</span><span class="marks" aria-hidden="true">{marks}</span>'
        address = self.traces.claim(self.editions[-1], claim.key)
        link = f'href="{address}"' if address else 'role="img" tabindex="0"'
        return f'<li><a class="{kind}" {link} aria-label="{escape(text)}" title="{escape(text)}">{inside}</a></li>'

    def _has_turned(self, claim: Row) -> bool:
        return len({self.verdict(name, claim.key) for name in self.editions} - {""}) > 1

    def _whens(self) -> list[str]:
        return ["then"] * (len(self.editions) - 1) + ["now"]

    def _as_of(self, edition: str) -> str:
        return str(self.traces.document["editions"][edition]["as_of"])

    def _listed(self) -> str:
        head = "".join(f'<th scope="col">{self._date(name)}</th>' for name in self.editions)
        rows = []
        for one in self.claims:
            verdicts = [self.verdict(name, one.key) for name in self.editions]
            cells = "".join(f"<td>{badge(verdict) if verdict else _NONE}</td>" for verdict in verdicts)
            text = escape(one.cells["claim_en"])
            rows.append(f'<tr><th scope="row">{one.key}</th><td>{text}</td>{cells}</tr>')
        top = f'<thead><tr><th scope="col">claim</th><th scope="col">in words</th>{head}</tr></thead>'
        table = f'<table class="findings">{top}<tbody>{"".join(rows)}</tbody></table>'
        return f'<details><summary>The same in words</summary><div class="scroll">{table}</div></details>'
