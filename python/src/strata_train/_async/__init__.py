"""The client, with ``async``."""
