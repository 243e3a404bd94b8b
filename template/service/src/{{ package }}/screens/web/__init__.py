"""Screens for browsers: tokens stay here, the browser has a session cookie."""
