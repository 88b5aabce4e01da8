"""llhttp does not know WebSockets: the pure mask."""

from .._pure.mask import mask as mask
