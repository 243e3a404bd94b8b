"""Catalogue: commands on a write model here, queries on a read model in `read/`."""
