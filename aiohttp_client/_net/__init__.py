"""Sockets and time: who talks to whom, when, and for how long; knows nothing of sessions."""
