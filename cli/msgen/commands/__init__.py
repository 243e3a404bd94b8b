"""One file a command: it reads arguments, calls, and reports."""
