#!/usr/bin/python3
"""Scripted origin servers, one behaviour a port: for what no real server at hand does.

scripted.py ADDRESS BASE_PORT: behaviour n listens on BASE_PORT + n, in the order of the list below.
Only the standard library; every thread ends with the process.
"""
import http.server
import socket
import struct
import sys
import threading
import time

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Head:
    """A request head and how much content it announces."""

    def __init__(self, raw):
        lines = raw.decode("latin-1").split("\r\n")
        self.line = lines[0]
        self.fields = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.fields[name.strip().lower()] = value.strip()
        self.length = int(self.fields.get("content-length", "0"))
        self.expects = "100-continue" in self.fields.get("expect", "").lower()


class Peer:
    def __init__(self, conn):
        self.conn, self.buf = conn, b""

    def head(self):
        while b"\r\n\r\n" not in self.buf:
            got = self.conn.recv(65536)
            if not got:
                return None
            self.buf += got
        raw, self.buf = self.buf.split(b"\r\n\r\n", 1)
        return Head(raw)

    def content(self, length):
        while len(self.buf) < length:
            got = self.conn.recv(65536)
            if not got:
                return False
            self.buf += got
        self.buf = self.buf[length:]
        return True

    def say(self, raw):
        self.conn.sendall(raw)

    def answer(self, status, fields=(), content=b"ok\n"):
        head = [f"HTTP/1.1 {status}", "Server: scripted/1.0", f"Content-Length: {len(content)}", *fields]
        self.say("\r\n".join(head).encode() + b"\r\n\r\n" + content)


def conversation(step):
    """A behaviour that handles requests one by one until it returns False or the client leaves."""

    def run(peer):
        while (head := peer.head()) is not None and step(peer, head):
            pass

    return run


def ignore(peer, head):
    return peer.content(head.length) and (peer.answer("201 Created") or True)


def continue_after(seconds):
    def step(peer, head):
        time.sleep(seconds)
        peer.say(CONTINUE)
        return ignore(peer, head)

    return step


def refuse_keep(peer, head):
    if head.expects:
        peer.answer("417 Expectation Failed")
        return True
    return ignore(peer, head)


def refuse_always(peer, head):
    """417 to every request with Expect; content that follows without a pause is read first."""
    peer.conn.settimeout(0.01)
    try:
        if not peer.content(head.length):
            return False
    except TimeoutError:
        pass
    peer.conn.settimeout(None)
    peer.answer("417 Expectation Failed")
    return True


def refuse_close(peer, head):
    peer.answer("417 Expectation Failed", ["Connection: close"])
    return False


def reset(peer, head):
    peer.conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


def close(peer, head):
    return False


def wait_408(peer, head):
    time.sleep(3)
    peer.answer("408 Request Timeout", ["Connection: close"])
    return False


def continue_408(peer, head):
    """A 100, then patience for two seconds of silence."""
    peer.say(CONTINUE)
    peer.conn.settimeout(2)
    try:
        if peer.content(head.length):
            peer.answer("201 Created")
            return True
    except TimeoutError:
        pass
    peer.answer("408 Request Timeout", ["Connection: close"])
    return False


def continue_500(peer, head):
    peer.say(CONTINUE)
    if not peer.content(head.length):
        return False
    peer.answer("500 Internal Server Error")
    return True


def continue_twice(peer, head):
    peer.say(CONTINUE)
    time.sleep(0.005)
    peer.say(CONTINUE)
    return ignore(peer, head)


def continue_413(peer, head):
    peer.say(CONTINUE)
    if not peer.content(head.length):
        return False
    peer.answer("413 Content Too Large", ["Connection: close"])
    return False


def continue_silent(peer, head):
    peer.say(CONTINUE)
    peer.content(head.length)
    time.sleep(30)
    return False


def continue_unasked(peer, head):
    if not peer.content(head.length):
        return False
    peer.say(CONTINUE)
    time.sleep(0.005)
    peer.answer("200 OK")
    return True


def continue_with_content(fields, content):
    """A 100 that claims what a 100 cannot have."""

    def step(peer, head):
        peer.say(b"HTTP/1.1 100 Continue\r\n" + fields + b"\r\n" + content)
        return ignore(peer, head)

    return step


def final_then_continue(peer, head):
    peer.say(b"HTTP/1.1 201 Created\r\nServer: scripted/1.0\r\nContent-Length: 0\r\n\r\n" + CONTINUE)
    return peer.content(head.length)


def refuse_and_reset(peer, head):
    """413 in the middle of the content, and a reset in the same breath."""
    peer.content(min(head.length, 1000))
    peer.answer("413 Content Too Large", ["Connection: close"])
    return reset(peer, head)


def refuse_413_close(peer, head):
    """413 by the head alone, and the end."""
    peer.answer("413 Content Too Large", ["Connection: close"])
    return False


BEHAVIOURS = [
    ignore,                 # 0
    continue_after(1.3),    # 1
    continue_after(0.6),    # 2
    refuse_keep,            # 3
    refuse_close,           # 4
    refuse_always,          # 5
    reset,                  # 6
    close,                  # 7
    wait_408,               # 8
    continue_408,           # 9
    continue_500,           # 10
    continue_twice,         # 11
    continue_413,           # 12
    continue_silent,        # 13
    continue_unasked,       # 14
    continue_after(0.97),   # 15
    continue_after(0),      # 16
    continue_with_content(b"Content-Length: 5\r\n", b"hello"),  # 17
    continue_with_content(b"Transfer-Encoding: chunked\r\n", b"0\r\n\r\n"),  # 18
    final_then_continue,    # 19
    refuse_and_reset,       # 20
    refuse_413_close,       # 21
]


class Library(http.server.BaseHTTPRequestHandler):
    """Python's own server: it sends the 100 itself, before the handler."""

    protocol_version = "HTTP/1.1"

    def do_PUT(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(201)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


def serve(listener, behaviour):
    while True:
        conn, _ = listener.accept()
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def run(conn):
            try:
                behaviour(Peer(conn))
            except OSError:
                pass
            conn.close()

        threading.Thread(target=run, args=(conn,), daemon=True).start()


def main():
    address, base = sys.argv[1], int(sys.argv[2])
    for i, step in enumerate(BEHAVIOURS):
        listener = socket.create_server((address, base + i))
        threading.Thread(target=serve, args=(listener, conversation(step)), daemon=True).start()
    http.server.ThreadingHTTPServer((address, base + 99), Library).serve_forever()


main()
