"""``python -m netrobust`` is the command line."""

from netrobust.cli import main

if __name__ == "__main__":
    main()
