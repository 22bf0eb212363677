#!/usr/bin/python3
"""Clients that curl cannot be: client.py BEHAVIOUR HOST PORT [PATH]. Prints the status lines it got."""
import socket
import sys
import time

BODY = b"x" * 3000


def head(host, port, path, expect=True):
    lines = [f"PUT {path} HTTP/1.1", f"Host: {host}:{port}", "User-Agent: lab-client/1.0",
             f"Content-Length: {len(BODY)}"]
    if expect:
        lines.append("Expect: 100-continue")
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def main():
    what, host, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
    s = socket.create_connection((host, port))
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    s.settimeout(10)
    path = sys.argv[4] if len(sys.argv) > 4 else "/up/client"
    got = b""
    if what == "reuse":  # a second request just as the server tires of the idle connection
        s.sendall(head(host, port, path, expect=False) + BODY)
        while b"\r\n\r\n" not in got:
            got += s.recv(4096)
        time.sleep(0.98)
    s.sendall(head(host, port, path) + (BODY[:500] if what == "first" else b""))
    if what == "first":  # a piece of the content with the head, the rest after a while
        time.sleep(1.4)
        s.sendall(BODY[500:])
    elif what == "reuse":
        pass
    elif what == "at-once":  # as wget does: head and content back to back
        s.sendall(BODY)
    else:
        while b"\r\n\r\n" not in got:
            got += s.recv(4096)
    if what == "stall":  # has the 100 and does not go on
        s.sendall(BODY[:1000])
    elif what == "leave":  # goes away in the middle of its content
        s.sendall(BODY[:1000])
        time.sleep(0.2)
        s.close()
        print(got.decode("latin-1"))
        return
    elif what == "after":  # takes the 100 for all that will come
        s.close()
        print(got.decode("latin-1"))
        return
    elif what == "slow":  # takes its time after the 100
        time.sleep(0.9)
        s.sendall(BODY)
    elif what == "freeze":  # the same, and stays
        s.sendall(BODY[:1000])
        time.sleep(66)
    try:
        while more := s.recv(4096):
            got += more
            if b"201" in got or b"408" in got:
                break
    except OSError:
        pass
    s.close()
    print(got.decode("latin-1"))


main()
