"""Heartbeat: asks a peer that has been silent whether it is there, and gives up one that does not answer.

It knows the connection but not the WebSocket that a user holds: one that is forgotten can be collected.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from ..exceptions import ServerTimeoutError


class Patient(Protocol):
    """A connection whose peer may fall silent."""

    @property
    def is_paused(self) -> bool: ...
    def ask(self) -> None: ...
    def give_up(self, error: ServerTimeoutError) -> None: ...


class Heartbeat:
    """Beats until stop(): after so many seconds of silence it asks, after half as many more it gives up."""

    __slots__ = ("_asked", "_heard", "_loop", "_patient", "_seconds", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float, patient: Patient) -> None:
        self._loop = loop
        self._seconds = seconds
        self._patient = patient
        self._asked = False
        self._heard = loop.time()
        self._timer = loop.call_at(self._heard + seconds, self._beat)

    def hear(self) -> None:
        """Something came, whatever it was."""
        self._heard = self._loop.time()
        self._asked = False

    def stop(self) -> None:
        self._timer.cancel()

    def _beat(self) -> None:
        patient = self._patient
        silent = self._loop.time() - self._heard
        if patient.is_paused:  # that we do not read is not the peer's silence
            self.hear()
        elif self._asked and silent >= self._seconds * 1.5:
            patient.give_up(ServerTimeoutError(f"No PONG received after {self._seconds / 2} seconds"))
            return
        elif not self._asked and silent >= self._seconds:
            self._asked = True
            patient.ask()
        wait = self._seconds * (1.5 if self._asked else 1.0)
        self._timer = self._loop.call_at(self._heard + wait, self._beat)
