"""A server that knows nothing of Expect: reads the whole request, then answers. Port as argument."""
import socket
import sys

listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    peer, _ = listener.accept()
    data = b""
    while b"\r\n\r\n" not in data:
        data += peer.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    while len(body) < length:
        body += peer.recv(65536)
    peer.sendall(b"HTTP/1.1 201 Created\r\nServer: scripted/1.0\r\nContent-Length: 0\r\n\r\n")
    peer.close()
