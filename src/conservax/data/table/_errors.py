"""The error that this subpackage raises about bad input."""


class DataError(ValueError):
    """Bad input: the message names the source, the column and the row, and then the remedy.

    Rows are counted from 1. In a CSV file the header is row 1, so the number is the line an editor
    shows; elsewhere row 1 is the first row of data.
    """
