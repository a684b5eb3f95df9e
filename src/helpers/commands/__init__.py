"""The commands of ``python -m helpers``, one module each: ``add`` declares the options, ``_run`` does the work."""
