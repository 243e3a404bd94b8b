"""Ledger: accounts and payments, kept as what has happened to them."""
