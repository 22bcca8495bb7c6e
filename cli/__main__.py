"""`python -m gridcast.cli` is `gridcast`."""

from gridcast.cli.main import main

main()
