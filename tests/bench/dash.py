"""How fast the dashboard opens a capture, and what it takes when nothing happens.
  dash.py PROGRAM CAPTURE [RUNS]
Opens it on a terminal of its own and in turn makes the JSON summary; a screen is complete when its
last byte has come, which a whole redraw then proves. Prints medians."""
import os
import pty
import select
import statistics
import struct
import subprocess
import sys
import termios
import time
from fcntl import ioctl

QUIET = 1.0  # seconds without a byte: while it reads, figures change ten times a second
REACH = 1.3
IDLE = 5  # seconds


def read_until_quiet(master):
    """What came, and when the last of it did."""
    seen, last = b"", time.monotonic()
    while select.select([master], [], [], QUIET)[0]:
        seen += os.read(master, 1 << 16)
        last = time.monotonic()
    return seen, last


def processor_ticks(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        after = f.read().rsplit(")", 1)[1].split()
    return int(after[11]) + int(after[12])


def dashboard(program, capture):
    """Seconds until it shows all of the capture, and its share of a core afterwards in percent."""
    pid, master = pty.fork()
    if pid == 0:
        os.environ["TERM"] = "xterm-256color"
        time.sleep(0.2)  # until the window has its size
        os.execv(program, [program, "-r", capture])
    ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
    began = time.monotonic() + 0.2
    _, shown = read_until_quiet(master)
    os.write(master, b"\x0c")
    screen, _ = read_until_quiet(master)
    if b"exchanges" not in screen or b"reading" in screen or b"sorting" in screen:
        sys.exit(f"the dashboard shows something else: {screen[:2000]!r}")
    ticks = processor_ticks(pid)
    time.sleep(IDLE)
    idle = (processor_ticks(pid) - ticks) / os.sysconf("SC_CLK_TCK") / IDLE * 100
    os.write(master, b"Q")
    while True:
        try:
            if not os.read(master, 1 << 16):
                break
        except OSError:
            break
    if os.waitpid(pid, 0)[1] != 0:
        sys.exit("the dashboard did not end well")
    os.close(master)
    return shown - began, idle


def headless(program, capture):
    began = time.monotonic()
    subprocess.run([program, "-N", "-r", capture, "-o", "json"], stdout=subprocess.DEVNULL, check=True)
    return time.monotonic() - began


def main():
    program, capture = os.path.abspath(sys.argv[1]), sys.argv[2]
    runs = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    opened, idle, plain = [], [], []
    headless(program, capture)  # warms the cache
    for _ in range(runs):
        plain.append(headless(program, capture))
        seconds, share = dashboard(program, capture)
        opened.append(seconds)
        idle.append(share)
    a, b = statistics.median(opened), statistics.median(plain)
    print(f"dashboard: {os.path.basename(capture)} shown after {a:.3f} s, json after {b:.3f} s,"
          f" ratio {a / b:.2f} (reach {REACH}); idle {statistics.median(idle):.1f} % of a core (reach 1)")


main()
