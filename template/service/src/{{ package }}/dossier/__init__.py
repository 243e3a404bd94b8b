"""A slice: one document out of the answers of several services."""
