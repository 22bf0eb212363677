"""What an attacker on the wire may send, as frames from one interface, until killed: captured frames
with bytes changed, cut and joined; SYN floods; connections half open; segments with a guessed place
into the connections of others. Everything is drawn from one seed.

  hostile.py INTERFACE MAC SERVER CLIENT PORT,PORT... FRAMES_A_SECOND SEED CAPTURE..."""
import random
import socket
import struct
import sys
import time

interface, mac, server, client, ports, rate, seed = sys.argv[1:8]
draw = random.Random(int(seed))
ports = [int(p) for p in ports.split(",")]
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind((interface, 0))
ethernet = bytes.fromhex(mac.replace(":", "")) + b"\x02\x00\x00\x00\x00\x66"


def frames_of(path):
    """Frames of a pcap of Ethernet; nothing of others."""
    with open(path, "rb") as f:
        data = f.read()
    if len(data) < 24 or data[:4] not in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1"):
        return
    if struct.unpack_from("<I", data, 20)[0] & 0xFFFF != 1:
        return
    at = 24
    while at + 16 <= len(data):
        size = struct.unpack_from("<I", data, at + 8)[0]
        if 34 <= size <= 9000:
            yield data[at + 16 : at + 16 + size]
        at += 16 + size


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def segment(source, sport, dport, flags, content=b""):
    src, dst = socket.inet_aton(source), socket.inet_aton(server)
    tcp = struct.pack("!HHIIBBHHH", sport, dport, draw.getrandbits(32), draw.getrandbits(32),
                      0x50, flags, draw.getrandbits(16), 0, 0) + content
    sum_ = checksum(src + dst + struct.pack("!BBH", 0, 6, len(tcp)) + tcp)
    tcp = tcp[:16] + struct.pack("!H", sum_) + tcp[18:]
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), draw.getrandbits(16), 0, 64, 6, 0, src, dst)
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    return ethernet + b"\x08\x00" + ip + tcp


seen = [f for path in sys.argv[8:] for f in frames_of(path)]
heads = [b"PUT /hostile HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 9999999\r\n\r\n",
         b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n",
         b"GET / HTTP/1.1\r\n" + b"X: " + b"y" * 700, b"\x16\x03\x01\x02\x00\x01", b"\x00" * 64]


def changed():
    frame = bytearray(draw.choice(seen))
    for _ in range(draw.choice([0, 1, 1, 2, 8])):
        frame[draw.randrange(12, len(frame))] = draw.getrandbits(8)
    if draw.random() < 0.1:
        frame = frame[: draw.randrange(14, len(frame) + 1)]
    if draw.random() < 0.05:
        other = draw.choice(seen)
        frame = frame[: draw.randrange(14, len(frame) + 1)] + other[draw.randrange(len(other)) :]
    return bytes(frame[:9000])


def stranger():
    return f"10.{draw.randrange(103, 120)}.{draw.getrandbits(8)}.{draw.getrandbits(8)}"


def hostile():
    kind = draw.random()
    if kind < 0.6:
        return changed()
    if kind < 0.8:  # floods
        return segment(stranger(), draw.getrandbits(16), draw.choice(ports), 0x02)
    if kind < 0.9:  # half open, with a head
        return segment(stranger(), draw.getrandbits(16), draw.choice(ports), 0x18, draw.choice(heads))
    # Into somebody's connection, at a place it cannot know.
    return segment(client, draw.randrange(32768, 61000), draw.choice(ports),
                   draw.choice([0x02, 0x04, 0x11, 0x10, 0x18]), draw.choice(heads + [b""]))


begun, sent = time.monotonic(), 0
while True:
    while sent < (time.monotonic() - begun) * float(rate):
        try:
            out.send(hostile())
        except OSError as e:
            if e.errno not in (90, 105):  # too long for the link, no room just now
                raise
        sent += 1
    time.sleep(0.01)
