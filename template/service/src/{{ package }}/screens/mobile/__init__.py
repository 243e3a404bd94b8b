"""For an app: bearer tokens, short payloads, only the fields that it asks for."""
