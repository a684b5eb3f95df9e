"""Which tags of US-GAAP stand for which column, in order, and what each covers.

A column takes the first declared tag that has the quarter. Figures under two tags are joined over time only because
both are declared here for the same column; nothing else is ever joined. Company facts hold the standard taxonomies
only, without dimensions: Amazon's proceeds from property (a tag of its own) and every segment's revenue are not there
and stay missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

TAXONOMY = "us-gaap"
UNIT = "USD"


@dataclass(frozen=True)
class Tag:
    """One way in which firms report a column.

    Parameters
    ----------
    concepts : tuple of str
        Names in the taxonomy; several are added up, and one missing makes the sum missing.
    scope : str
        What the figure covers. Tags of the same scope must agree where a quarter has both.
    caveat : str
        What the note of a row must say when this tag was used; empty where the scope is the column's own.
    """

    concepts: tuple[str, ...]
    scope: str
    caveat: str = ""

    @property
    def name(self) -> str:
        """The names, joined by a plus sign."""
        return "+".join(self.concepts)


@dataclass(frozen=True)
class Field:
    """A column and its tags.

    Parameters
    ----------
    table, column : str
        Where the figure goes.
    tags : tuple of Tag
        In the order in which they are tried.
    stock : bool
        True for a balance at the end of the quarter, False for a flow of it.
    signed : bool
        False where a negative figure can only be an error.
    """

    table: str
    column: str
    tags: tuple[Tag, ...]
    stock: bool = False
    signed: bool = False


def _one(concept: str, scope: str, caveat: str = "") -> Tag:
    return Tag((concept,), scope, caveat)


_GROSS = "cash paid for property and equipment, gross"
_WIDE = "cash paid for property, equipment and intangible assets, gross"
_CASH = "cash, equivalents and marketable securities, current"
_CASH_AT_HAND = "CashAndCashEquivalentsAtCarryingValue"

_PROPERTY = _one("PaymentsToAcquirePropertyPlantAndEquipment", _GROSS)
_PRODUCTIVE = _one(
    "PaymentsToAcquireProductiveAssets", _WIDE, "capex holds purchases of software and other intangible assets"
)
_LEASE = (
    _one("FinanceLeasePrincipalPayments", "principal repaid on finance leases"),
    _one("RepaymentsOfLongTermCapitalLeaseObligations", "principal repaid on capital leases", "before ASC 842"),
)
_PROPERTY_SALES = _one("ProceedsFromSaleOfPropertyPlantAndEquipment", "proceeds from sales of property")
_LONG_ISSUED = _one("ProceedsFromIssuanceOfLongTermDebt", "long-term debt issued", "debt_issued is long-term debt only")
_LONG_REPAID = _one("RepaymentsOfLongTermDebt", "long-term debt repaid", "debt_repaid is long-term debt only")
_LONG_DEBT = _one(
    "LongTermDebtNoncurrent", "long-term debt without the current portion", "partial: long-term debt, non-current only"
)

CASH_FLOWS = (
    Field(
        "cash_flows",
        "revenue",
        (
            _one("Revenues", "total revenue"),
            _one("RevenueFromContractWithCustomerExcludingAssessedTax", "revenue from contracts, without sales taxes"),
            _one("SalesRevenueNet", "net sales, before ASC 606"),
            _one(
                "RevenueFromContractWithCustomerIncludingAssessedTax",
                "revenue from contracts, with sales taxes",
                "revenue holds sales taxes",
            ),
        ),
    ),
    Field("cash_flows", "operating_income", (_one("OperatingIncomeLoss", "operating income or loss"),), signed=True),
    Field(
        "cash_flows",
        "net_income",
        (
            _one("NetIncomeLoss", "net income attributable to shareholders"),
            _one("ProfitLoss", "net income with minority interests", "net_income holds minority interests"),
        ),
        signed=True,
    ),
    Field(
        "cash_flows",
        "operating_cash_flow",
        (
            _one("NetCashProvidedByUsedInOperatingActivities", "net cash from operating activities"),
            _one(
                "NetCashProvidedByUsedInOperatingActivitiesContinuingOperations",
                "net cash from operating activities, continuing operations",
                "operating_cash_flow is of continuing operations",
            ),
        ),
        signed=True,
    ),
    Field("cash_flows", "capex", (_PROPERTY, _PRODUCTIVE)),
    # The column is for proceeds that the firm itself nets in its free cash flow: by default none.
    Field("cash_flows", "capex_proceeds", ()),
    Field("cash_flows", "finance_lease_principal", _LEASE),
    Field(
        "cash_flows",
        "depreciation_amortisation",
        (
            _one("DepreciationDepletionAndAmortization", "depreciation and amortisation"),
            _one("DepreciationAndAmortization", "depreciation and amortisation"),
            _one("DepreciationAmortizationAndAccretionNet", "depreciation, amortisation and accretion"),
            Tag(("Depreciation", "AmortizationOfIntangibleAssets"), "depreciation, plus amortisation of intangibles"),
        ),
    ),
    Field(
        "cash_flows",
        "stock_based_compensation",
        (
            _one("ShareBasedCompensation", "pay in shares added back in the cash-flow statement"),
            _one(
                "AllocatedShareBasedCompensationExpense",
                "pay in shares in the income statement",
                "stock_based_compensation is the expense, not the add-back",
            ),
        ),
    ),
    Field(
        "cash_flows",
        "research_development",
        (
            _one("ResearchAndDevelopmentExpense", "research and development"),
            _one(
                "ResearchAndDevelopmentExpenseExcludingAcquiredInProcessCost",
                "research and development without acquired projects",
            ),
        ),
    ),
)

FINANCING = (
    Field(
        "financing",
        "debt_issued",
        (
            _one("ProceedsFromIssuanceOfDebt", "debt issued"),
            _one("ProceedsFromDebtNetOfIssuanceCosts", "debt issued, less its costs"),
            _LONG_ISSUED,
        ),
    ),
    Field("financing", "debt_repaid", (_one("RepaymentsOfDebt", "debt repaid"), _LONG_REPAID)),
    Field("financing", "share_repurchases", (_one("PaymentsForRepurchaseOfCommonStock", "own shares bought"),)),
    Field(
        "financing",
        "dividends_paid",
        (
            _one("PaymentsOfDividends", "dividends paid"),
            _one("PaymentsOfDividendsCommonStock", "dividends paid on common stock"),
        ),
    ),
    Field(
        "financing",
        "acquisitions",
        (_one("PaymentsToAcquireBusinessesNetOfCashAcquired", "businesses bought, net of their cash"),),
        signed=True,
    ),
    Field(
        "financing",
        "cash_and_securities",
        (
            _one("CashCashEquivalentsAndShortTermInvestments", _CASH),
            Tag((_CASH_AT_HAND, "MarketableSecuritiesCurrent"), _CASH),
            Tag((_CASH_AT_HAND, "ShortTermInvestments"), _CASH),
            Tag((_CASH_AT_HAND, "AvailableForSaleSecuritiesDebtSecuritiesCurrent"), _CASH),
        ),
        stock=True,
    ),
    Field(
        "financing",
        "total_debt",
        (
            Tag(("DebtCurrent", "LongTermDebtNoncurrent"), "all borrowings"),
            Tag(("LongTermDebtCurrent", "LongTermDebtNoncurrent"), "long-term debt with its current portion"),
            _one("LongTermDebt", "long-term debt with its current portion"),
            _LONG_DEBT,
        ),
        stock=True,
    ),
    Field(
        "financing",
        "interest_paid",
        (
            _one("InterestPaidNet", "interest paid, less what was capitalised"),
            _one(
                "InterestPaid", "interest paid, with what was capitalised", "interest_paid holds capitalised interest"
            ),
        ),
    ),
    # Parts of revenue carry dimensions, which company facts leave out.
    Field("financing", "advertising_revenue", ()),
    Field("financing", "cloud_revenue", ()),
)

FIRMS: Mapping[str, Mapping[str, tuple[Tag, ...]]] = {
    "AMZN": {
        # From 2017 Amazon tags gross purchases as productive assets; the older tag is net of proceeds.
        "capex": (
            Tag(("PaymentsToAcquireProductiveAssets",), "cash paid for property, equipment and software, gross"),
            _one(
                "PaymentsToAcquirePropertyPlantAndEquipment",
                "cash paid for property and equipment, net of proceeds",
                "capex is net of proceeds",
            ),
        ),
        "capex_proceeds": (_PROPERTY_SALES,),
        "debt_issued": (
            Tag(
                ("ProceedsFromIssuanceOfLongTermDebt", "ProceedsFromShortTermDebt"), "long- and short-term debt issued"
            ),
            _LONG_ISSUED,
        ),
        "debt_repaid": (
            Tag(("RepaymentsOfLongTermDebt", "RepaymentsOfShortTermDebt"), "long- and short-term debt repaid"),
            _LONG_REPAID,
        ),
    },
    "GOOGL": {
        # The column holds depreciation of property and equipment alone for Alphabet.
        "depreciation_amortisation": (
            _one("Depreciation", "depreciation of property and equipment", "depreciation without amortisation"),
        ),
        "debt_repaid": (
            _one(
                "RepaymentsOfDebtAndCapitalLeaseObligations",
                "debt and finance-lease principal repaid",
                "debt_repaid holds finance-lease principal",
            ),
        ),
    },
    "META": {
        "capex": (
            _PROPERTY,
            _one(
                "PaymentsForProceedsFromProductiveAssets",
                "cash paid for property and equipment, net of proceeds",
                "capex is net of proceeds",
            ),
        ),
        "capex_proceeds": (_PROPERTY_SALES,),
    },
    "MSFT": {
        "debt_issued": (
            _one(
                "ProceedsFromDebtMaturingInMoreThanThreeMonths",
                "debt of more than 90 days issued",
                "debt_issued is of more than 90 days",
            ),
            _one("ProceedsFromIssuanceOfDebt", "debt issued"),
        ),
        "debt_repaid": (
            _one(
                "RepaymentsOfDebtMaturingInMoreThanThreeMonths",
                "debt of more than 90 days repaid",
                "debt_repaid is of more than 90 days",
            ),
            _one("RepaymentsOfDebt", "debt repaid"),
        ),
    },
}
"""What single firms report otherwise: by ticker and column, instead of the general tags."""


def fields(ticker: str) -> tuple[Field, ...]:
    """Return every column and the tags that stand for it at a firm.

    Parameters
    ----------
    ticker : str
        Stock-exchange symbol.
    """
    own = FIRMS.get(ticker, {})
    return tuple(
        Field(one.table, one.column, own.get(one.column, one.tags), one.stock, one.signed)
        for one in (*CASH_FLOWS, *FINANCING)
    )


def concepts(ticker: str) -> frozenset[str]:
    """Return every concept declared for a firm."""
    return frozenset(concept for field in fields(ticker) for tag in field.tags for concept in tag.concepts)
