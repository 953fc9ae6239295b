"""What tests use: the pytest plugin, and the conformance suite."""
