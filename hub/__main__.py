"""`python -m hub` is `concordat`."""

from hub.cli import main

main()
