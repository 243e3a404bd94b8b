"""`python -m msgen`, and what the installed command runs."""

import sys


def main() -> None:
    """Run the command line and leave with its exit code."""
    from .app import main as run

    sys.exit(run())


if __name__ == "__main__":
    main()
