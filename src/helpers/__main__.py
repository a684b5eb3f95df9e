"""``python -m helpers``: the command line of the project."""

import gc

from helpers.cli import main

# The guard matters: worker processes import this module again under another name.
if __name__ == "__main__":
    code = main()
    gc.freeze()  # the process ends: to look through a million objects for garbage once more takes a third of a second
    raise SystemExit(code)
