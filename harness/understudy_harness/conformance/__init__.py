"""The conformance suite: any client of the API, a verdict per case."""
