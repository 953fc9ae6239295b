"""The suite's own test: a client that must pass every case, and clients that are wrong on purpose, each in one way."""
