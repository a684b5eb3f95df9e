"""Figures: a result in, an Axes out, with title, units, source line and alt text."""
