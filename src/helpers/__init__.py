"""Who pays for AI? The package behind the notebooks."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("who-pays-for-ai")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+unknown"

from helpers import journal

journal.begin()  # in a run of the pipeline; elsewhere nothing is written
