"""``python -m helpers``: the command line of the project."""

from helpers.cli import main

# The guard matters: worker processes import this module again under another name.
if __name__ == "__main__":
    raise SystemExit(main())
