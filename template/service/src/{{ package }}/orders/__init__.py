"""Orders: the sample slice. Copy its shape, then replace it."""
