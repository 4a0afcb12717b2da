"""Problems that training solves by itself: the Hodge decomposition of a vector field."""

from conservax.solve._hodge import HodgeParts as HodgeParts
from conservax.solve._hodge import hodge_decomposition as hodge_decomposition
