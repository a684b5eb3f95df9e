"""A local server that answers as told, one prepared answer after the other."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Headers = Mapping[str, str]


@dataclass
class Reply:
    """What the server sends once."""

    body: bytes = b"{}"
    status: int = 200
    headers: Headers = field(default_factory=dict)
    #: Bytes announced beyond those sent: the connection closes too early.
    missing: int = 0
    #: Sends the body byte by byte and waits this event's time between two; set the event to end it.
    drip: threading.Event | None = None
    #: Drips before the headers instead.
    drip_headers: bool = False


@dataclass
class Request:
    """What the server was asked."""

    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]


@dataclass
class Server:
    """Replies by path; the last reply of a path stays for good."""

    replies: dict[str, list[Reply]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    url: str = ""

    def answers(self, path: str, *replies: Reply) -> None:
        """Prepare the replies of a path."""
        self.replies[path] = list(replies)

    def asked(self, path: str) -> int:
        """Return how often a path was asked for."""
        return sum(request.path == path for request in self.requests)

    def next_reply(self, path: str) -> Reply:
        waiting = self.replies.get(path, [Reply(b"not here", 404)])
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]


#: Drips at most so many times, so that a client without a deadline gets a good answer and its test fails.
DRIPS = 100
DRIP_SECONDS = 0.1


@contextlib.contextmanager
def serving() -> Iterator[Server]:
    """Serve on a free loopback port until the block ends."""
    server = Server()
    http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(server))
    http.daemon_threads = True
    server.url = f"http://127.0.0.1:{http.server_port}"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


def _handler(server: Server) -> Callable[..., BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            server.requests.append(Request(parts.path, parse_qs(parts.query), dict(self.headers)))
            # FRED serves every series on one path.
            series = parse_qs(parts.query).get("series_id")
            reply = server.next_reply(f"{parts.path}?{series[0]}" if series else parts.path)
            if reply.drip and reply.drip_headers:
                self._send_headers_slowly(reply, reply.drip)
                return
            self.send_response(reply.status)
            for name, value in ({"Content-Type": "application/json"} | dict(reply.headers)).items():
                self.send_header(name, value)
            extra = DRIPS if reply.drip else reply.missing
            self.send_header("Content-Length", str(len(reply.body) + extra))
            self.send_header("Connection", "close")
            self.end_headers()
            # The client may have hung up: that is what some tests are about.
            with contextlib.suppress(OSError):
                self._send(reply)
            self.close_connection = True

        def _send(self, reply: Reply) -> None:
            if reply.drip:
                self._drip(reply.drip, b" ")
            self.wfile.write(reply.body)

        def _send_headers_slowly(self, reply: Reply, stop: threading.Event) -> None:
            self.close_connection = True
            with contextlib.suppress(OSError):
                self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                self._drip(stop, b"x")
                self.wfile.write(b"\r\nContent-Length: %d\r\n\r\n%s" % (len(reply.body), reply.body))

        def _drip(self, stop: threading.Event, drop: bytes) -> None:
            for _ in range(DRIPS):
                self.wfile.write(drop)
                if stop.wait(DRIP_SECONDS):
                    return

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
