"""The read model: shaped for questions, in a database of its own, and never written by commands."""
