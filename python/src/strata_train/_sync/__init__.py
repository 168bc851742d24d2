"""The client, without ``async``: generated from _async."""
