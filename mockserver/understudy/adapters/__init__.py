"""Thin doors: they translate and wait, and never decide."""
