"""llhttp does not know WebSockets: the pure mask."""

from .._pure.mask import frame as frame
from .._pure.mask import mask as mask
from .._pure.mask import piece as piece
from .._pure.mask import scan as scan
