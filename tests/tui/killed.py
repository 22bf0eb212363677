"""Runs a program on a terminal, ignoring SIGHUP's sender: closes the terminal's other end and says
whether the program ended within a second."""
import os
import pty
import sys
import time

pid, master = pty.fork()
if pid == 0:
    os.environ["TERM"] = "xterm-256color"
    os.execv(sys.argv[1], sys.argv[1:])
# Wait for the first screen, as a person would.
seen = b""
while b"exchange" not in seen:
    seen += os.read(master, 65536)
time.sleep(0.3)
os.close(master)
begin = time.monotonic()
while time.monotonic() - begin < 1:
    if os.waitpid(pid, os.WNOHANG)[0] == pid:
        print("ended")
        sys.exit(0)
    time.sleep(0.01)
os.kill(pid, 9)
os.waitpid(pid, 0)
print("still running")
