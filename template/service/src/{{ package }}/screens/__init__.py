"""A slice: the screens of one frontend, each made of the answers of several services."""
