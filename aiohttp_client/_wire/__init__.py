"""Bytes and meaning: HTTP's syntax without sockets, loops or clocks."""
