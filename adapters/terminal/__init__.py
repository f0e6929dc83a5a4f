"""The terminal: the built-in platform, and the one where time can be moved."""
