"""Doors without a socket: transports for HTTP clients of the same process."""
