"""aiohttp's path to requests and responses."""

from types import MappingProxyType as MappingProxyType

from ._net.target import ConnectionKey as ConnectionKey
from ._net.tls import Fingerprint as Fingerprint
from .content_fields import ContentDisposition as ContentDisposition
from .request import ClientRequest as ClientRequest
from .request_info import RequestInfo as RequestInfo
from .response import ClientResponse as ClientResponse
from .upload_tracker import UploadTracker as UploadTracker
