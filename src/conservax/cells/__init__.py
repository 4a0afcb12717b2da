"""."""

from conservax.cells._annotate import annotate as annotate
from conservax.cells._fates import carry as carry
