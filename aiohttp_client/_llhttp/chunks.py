"""The pure chunk decoder.

llhttp decodes chunks too, but does not say where a message ends in the bytes it was given, counts
no extensions and limits no trailers; the contract needs all three.
"""

from .._pure.chunks import ChunkDecoder as ChunkDecoder
from .._pure.chunks import WholeBody as WholeBody
