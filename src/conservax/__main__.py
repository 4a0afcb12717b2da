"""`python -m conservax`."""

from conservax.cli import main

main()
