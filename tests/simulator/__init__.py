"""The preset that emulates an external system, fed with documents of real providers."""
