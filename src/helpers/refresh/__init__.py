"""Live sources into a new vintage, never into the shipped tables.

``edgar`` reads filings, ``yahoo`` prices, ``fred`` official statistics; all but Yahoo speak through ``http``.
Importing this package imports neither pandas nor a network library.
"""

from helpers.refresh.errors import RefreshError

__all__ = ["RefreshError"]
