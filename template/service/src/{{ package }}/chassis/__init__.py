"""The chassis: what every service needs and no service should write again.

Sealed: updates replace it. It imports nothing from the service; what it needs
comes in as settings, and what it gives is used from the slices and `main`.
"""
