# cython: language_level=3, annotation_typing=False, auto_pickle=False, freethreading_compatible=True
"""How long a response body is: RFC 9112 §6.3, its list in its order."""

from __future__ import annotations

from .._backend import head as heads

# Beside a number of bytes, a body can be
UNTIL_CLOSE = -1  # everything up to the end of the connection
CHUNKED = -2  # in chunks, the last of which is empty


def body_length(head: heads.ResponseHead, method: str) -> int:
    """Bytes of the body that follows head in answer to method; or UNTIL_CLOSE, or CHUNKED."""
    status = head.status
    # 1. No body after HEAD, 1xx, 204 and 304, whatever the fields say.
    if method == "HEAD" or status == 204 or status == 304 or status < 200:
        return 0
    # 2. 2xx to CONNECT: the tunnel starts at once; both length fields are ignored.
    if method == "CONNECT" and status < 300:
        return 0
    # 3. Transfer-Encoding together with Content-Length: refused by parse_head.
    # 4. Chunked where it is the final coding, else the body ends with the connection.
    if head.transfer_coded:
        return CHUNKED if head.chunked else UNTIL_CLOSE
    # 5. Invalid or repeated Content-Length: refused by parse_head.
    # 6. Content-Length.  7. is about requests.
    # 8. Otherwise the body ends with the connection; parse_head says -1 for "no length".
    return head.length
