"""aiohttp's path to requests and responses."""

from types import MappingProxyType as MappingProxyType

from ._net.target import ConnectionKey as ConnectionKey
from ._net.tls import Fingerprint as Fingerprint
from .request import ClientRequest as ClientRequest
from .request import RequestInfo as RequestInfo
from .response import ClientResponse as ClientResponse
from .response import ContentDisposition as ContentDisposition
from .upload_tracker import UploadTracker as UploadTracker
