"""`python -m msgen`, and what the installed command runs."""

import gc
import sys


def main() -> None:
    """Run the command line and leave with its exit code."""
    gc.disable()  # the process lives for a moment; collecting takes a fifth of it
    from .app import main as run

    code = run()
    gc.freeze()  # nothing left is worth collecting at the exit either
    sys.exit(code)


if __name__ == "__main__":
    main()
