"""Stock: the sample slice, a participant of sagas. Copy its shape, then replace it."""
