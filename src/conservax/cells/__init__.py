"""Cells in AnnData: annotations, descendants and ancestors, velocities in an embedding."""

from conservax.cells._annotate import annotate
from conservax.cells._annotate import embedded as embedded
from conservax.cells._annotate import rows_of as rows_of
from conservax.cells._embedding import Embedding
from conservax.cells._fates import transport_cells as transport_cells

__all__ = [
    "Embedding",
    "annotate",
]
