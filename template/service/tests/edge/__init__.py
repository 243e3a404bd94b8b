"""The gateway, as a live process in front of real upstreams."""
