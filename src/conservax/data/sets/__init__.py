"""Data sets that are built in or generated."""
