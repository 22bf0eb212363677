#!/usr/bin/python3
"""A wire with delay and loss between two network namespaces, for kernels without netem.

wire.py NS_A NS_B DEVICE DELAY_MS TROUBLE_FILE: moves packets between the TUN devices of that name in
both namespaces, each after the delay. TROUBLE_FILE, read anew when it changes, holds "COUNT TEXT":
the next COUNT packets that contain TEXT are dropped; or "COUNT+MS TEXT": they come MS later.
"""
import ctypes
import fcntl
import heapq
import os
import select
import struct
import sys
import time

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
CLONE_NEWNET = 0x40000000


def open_tun(namespace, device):
    libc = ctypes.CDLL(None, use_errno=True)
    with open(f"/run/netns/{namespace}", "rb") as ns:
        if libc.setns(ns.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
    fd = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH", device.encode(), IFF_TUN | IFF_NO_PI))
    return fd


class Trouble:
    def __init__(self, path):
        self.path, self.stamp, self.count, self.late, self.text = path, None, 0, None, b""

    def of(self, packet):
        """Seconds by which the packet comes later; None: not at all."""
        try:
            stamp = os.stat(self.path).st_mtime_ns
        except FileNotFoundError:
            return 0
        if stamp != self.stamp:
            self.stamp = stamp
            with open(self.path, encoding="latin-1") as f:
                what, _, text = f.read().rstrip("\n").partition(" ")
            count, plus, late = what.partition("+")
            self.count, self.text = int(count or 0), text.encode("latin-1")
            self.late = int(late) / 1000 if plus else None
        if self.count and self.text in packet:
            self.count -= 1
            return self.late
        return 0


def main():
    a, b, device, delay, trouble_file = sys.argv[1:6]
    fds = [open_tun(a, device), open_tun(b, device)]
    other = {fds[0]: fds[1], fds[1]: fds[0]}
    pause, trouble, queue, number = float(delay) / 1000, Trouble(trouble_file), [], 0
    print("ready", flush=True)
    while True:
        now = time.monotonic()
        while queue and queue[0][0] <= now:
            _, _, fd, packet = heapq.heappop(queue)
            os.write(fd, packet)
        left = max(0, queue[0][0] - time.monotonic()) if queue else None
        for fd in select.select(fds, [], [], left)[0]:
            packet = os.read(fd, 65536)
            late = trouble.of(packet)
            if late is not None:
                number += 1  # of packets for the same moment the first goes first
                heapq.heappush(queue, (time.monotonic() + pause + late, number, other[fd], packet))


main()
