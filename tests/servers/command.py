"""The command line, run as its users run it: through pipes and by a terminal; and a server for what none will say."""

import contextlib
import os
import socket
import subprocess
import sys
import threading

# Not -X dev: asyncio's debug mode tells of every step that a busy machine makes slow.
COMMAND = [sys.executable, "-W", "error", "-m", "aiohttp_client"]


def run(*arguments, stdin=None, cwd=None, **env):
    """(exit code, standard output, standard error)."""
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        cwd=cwd,
        timeout=60,
        env={**os.environ, **env},
    )
    return done.returncode, done.stdout, done.stderr.decode()


def on_a_terminal(*arguments, command=COMMAND, **env):
    """(exit code, what the terminal shows)."""
    import pty  # not on Windows

    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "120", **env}
    environment.pop("NO_COLOR", None)
    with subprocess.Popen(
        [*command, *map(str, arguments)], stdin=slave, stdout=slave, stderr=slave, env=environment
    ) as process:
        os.close(slave)
        shown = b""
        with contextlib.suppress(OSError):  # how Linux says that nobody writes any more
            while data := os.read(master, 65536):
                shown += data
    os.close(master)
    return process.returncode, shown.decode()


@contextlib.contextmanager
def answers(*answers, then=None):
    """(URL, requests) of a server that gives each connection one of these, and waits for then before it closes it."""
    requests = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)

        def serve():
            with contextlib.suppress(OSError):
                for answer in answers:
                    peer, _ = server.accept()
                    with peer:
                        requests.append(peer.recv(65536).decode())
                        peer.sendall(answer)
                        if then is not None:
                            then.wait(30)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/file", requests
        if then is not None:
            then.set()
        thread.join()


@contextlib.contextmanager
def one_answer(answer, then=None):
    """The URL of a server for one connection; see answers()."""
    with answers(answer, then=then) as (url, _):
        yield url
