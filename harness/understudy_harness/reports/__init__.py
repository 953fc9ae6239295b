"""Views of what a run of the suite came to."""
