"""Generates Python microservices that are ready for production."""

__version__ = "0.4.0.dev0"
