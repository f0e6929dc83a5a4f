"""Platforms: what each one says becomes events, and messages become what it shows."""
