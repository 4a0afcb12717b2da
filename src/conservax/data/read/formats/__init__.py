"""File formats of tables, one per module; the registry finds the `FORMATS` of each."""
