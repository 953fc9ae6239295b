"""WebSockets: pumping frames into the core's sessions and playing their events out."""
