"""Drivers that are shipped: small programs that let the suite use one client each."""
