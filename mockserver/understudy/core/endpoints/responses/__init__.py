"""`/v1/responses`, its stored objects and conversations."""
