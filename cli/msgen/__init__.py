"""Generates Python microservices that are ready for production."""

__version__ = "0.1.0.dev0"
