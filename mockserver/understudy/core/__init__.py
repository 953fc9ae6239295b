"""The simulator: pure functions and values, with time and chance handed in as arguments."""
