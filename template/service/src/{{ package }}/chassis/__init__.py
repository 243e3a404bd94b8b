# Sealed: an update replaces this file.
"""The chassis: what every service needs and no service should write again.

It imports nothing from the service; what it needs
comes in as settings, and what it gives is used from the slices and `main`.
"""
