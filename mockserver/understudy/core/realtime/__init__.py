"""Realtime sessions as state machines: events in, events and deadlines out, no sockets and no waiting."""
