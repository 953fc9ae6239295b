"""HTTP: bytes to requests, answers to bytes, and the control API."""
