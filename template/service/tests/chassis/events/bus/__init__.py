# Sealed: an update replaces this file.
