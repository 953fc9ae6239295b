"""The drivers that are shipped: which there are, what they need here, and how each is installed."""
