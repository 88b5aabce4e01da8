"""The house: which module stands on which floor, and that imports only go down."""

import ast
from pathlib import Path

import pytest

import aiohttp_client

PACKAGE = Path(aiohttp_client.__file__).parent

# A module may import those on earlier lines; on one line nobody knows the others. Those on the two
# lines behind session, and client, are aiohttp's paths to what is on the floors below: code that says
# `except aiohttp.client_exceptions.ClientError` is everywhere, so they are there, but nothing imports
# them, and `import aiohttp_client` does not either (test_exports.py).
FLOORS = """
hdrs typedefs timeouts exceptions _http
_pure/__init__ _llhttp/__init__ _speedups/__init__
_pure/head _pure/chunks _pure/mask
_llhttp/head _llhttp/chunks _llhttp/mask
_backend
_wire/__init__ _net/__init__
_wire/framing _wire/urls
_wire/serialize _wire/coding _wire/mime _wire/auth _wire/redirect _wire/query _wire/cookies
_wire/disposition _wire/digest _wire/links _wire/wsmessages _wire/wshandshake
_wire/wsdeflate
_wire/wsframes
abc
data_queue
streams
decoding observed_stream
resolver cookiejar
_net/clock _net/tls _net/environ _net/transport _net/liveness _net/waiter _net/heartbeat
_net/target _net/policy _net/engine
_net/dial _net/pool _net/collecting _net/faults _net/connecting
_net/incoming
_net/connection
_net/writer _net/proxy _net/lease _net/wsconnection
_net/wssender
upload_tracker
payload
multipart_writer multipart_part payload_streamer
multipart_reader
multipart formdata
body head_template request_info content_fields
request
response
tracing middlewares websocket
ws_connect
digest_auth base_connector routing
connector options pending exchange
settings
session
client_exceptions http_exceptions client_reqrep client_ws client_middlewares client_middleware_digest_auth
client_proto helpers http http_websocket log
client
_cli/__init__ _cli/screen _cli/phases
_cli/ending
_cli/asking
_cli/get _cli/download _cli/ws _cli/bench _cli/info
__init__
__main__
"""

# The public API itself hands the upper object down; for type checkers only.
EXCEPTIONS = {("request", "session"), ("tracing", "session"), ("pending", "session"), ("ws_connect", "session")}

# Syntax and codecs know nothing of the world outside.
WORLDLY = {"asyncio", "socket", "ssl", "time", "threading"}
UNWORLDLY = ("_pure/", "_llhttp/", "_wire/")

LEVEL = {name: level for level, line in enumerate(FLOORS.split("\n")) for name in line.split()}
MODULES = sorted(str(path.relative_to(PACKAGE).with_suffix("")).replace("\\", "/") for path in PACKAGE.rglob("*.py"))


def imports(module):
    """(modules of the package, other top-level names) that module imports anywhere, also for type checking."""
    package = module.split("/")[:-1]
    inside, outside = set(), set()
    for node in ast.walk(ast.parse((PACKAGE / f"{module}.py").read_text())):
        if isinstance(node, ast.Import):
            outside |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            outside.add((node.module or "").partition(".")[0])
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] + (node.module.split(".") if node.module else [])
            for alias in node.names:
                named = "/".join([*base, alias.name])
                here = named in LEVEL or (PACKAGE / f"{named}.py").exists() or (PACKAGE / named).is_dir()
                inside.add(named if here else "/".join(base))
    return inside, outside


def test_every_module_has_its_place():
    assert set(MODULES) == set(LEVEL)


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_down(module):
    inside, _ = imports(module)
    # What is named _speedups/… is compiled; it stands beside the pure twins.
    for name in inside - {"_speedups"}:
        assert (module, name) in EXCEPTIONS or LEVEL[name] < LEVEL[module], f"{module} imports {name}"


@pytest.mark.parametrize("module", [module for module in MODULES if module.startswith(UNWORLDLY)])
def test_codecs_and_syntax_know_no_sockets_loops_or_clocks(module):
    _, outside = imports(module)
    assert not outside & WORLDLY


def test_the_package_does_not_import_itself_by_its_full_name():
    for module in MODULES:
        assert "aiohttp_client" not in imports(module)[1], module
