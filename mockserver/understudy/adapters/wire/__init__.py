"""The door below ASGI: the server's own protocol."""
