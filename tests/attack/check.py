"""Attacks on the analyser's state (tests/tools/mkattack), and bombs: for each

  - the resident memory stays under --memory plus 16 MiB (measured)
  - the verdicts of two honest conversations in between are what they are without the attack, or, in
    one stated case, that they cannot be judged; with one engine and with several
  - what was let go or passed over is counted and named in the summary

Prints the processor time a packet took; nothing depends on it.

  check.py PROGRAM TOOLS     (SIZE: attacking packets, 100000)
"""

import bz2
import gzip
import json
import lzma
import os
import shutil
import subprocess
import sys
import tempfile

MIB = 1 << 20
MEMORY, SLACK = 32 * MIB, 16 * MIB
HONEST = {50001: "expect-refused", 50002: "ignored"}
ZEROS = 64 * MIB

# What the summary has to count: a group of it, and members of which one has to be above zero.
NAMED = {
    "syn": ("connections", "evicted"),
    "collide": ("connections", "evicted"),
    "half": ("connections", "evicted"),
    "disorder": ("connections", "no_memory"),
    "sequence": ("connections", "gaps"),
    "stranger": ("connections", "not_believed"),
    "overlap": ("connections", "conflicts"),
    "head": ("exchanges.unparsed_by_reason", "head over 256 KiB", "no memory for the head"),
    "extension": ("exchanges.unparsed_by_reason", "ended inside the content"),
    "pipeline": ("connections", "no_memory"),
    "bytes": ("exchanges", "requests"),
    "interim": ("exchanges", "interims"),
    "fragments": ("input.not_followed", "fragment-lost"),
    "tunnels": ("input.not_followed", "nesting-too-deep"),
    "times": ("input", "time_jumps"),
}
# With fewer packets than that there is nothing to let go yet.
LEAST = {"disorder": 100000}
# Here the honest may be said to be unjudged: their clock was fought over.
UNJUDGED = {"times"}

failures = []


def check(good, what):
    if not good:
        failures.append(what)
        print(f"attack: {what}")


class Check:
    def __init__(self, program, tools, work):
        self.program, self.tools, self.work = program, tools, work

    def run(self, capture, *options):
        """Status, peak bytes, processor seconds, standard output and error."""
        out, err = os.path.join(self.work, "out"), os.path.join(self.work, "err")
        command = [f"{self.tools}/timed", out, self.program, "-r", capture, "--memory", str(MEMORY)]
        with open(err, "wb") as errors:
            said = subprocess.run(
                command + list(options), check=False, stdout=subprocess.PIPE, stderr=errors
            ).stdout.split()
        with open(out, "rb") as o, open(err, "rb") as e:
            return (
                int(said[4]),
                int(said[3]) * 1024,
                float(said[1]) + float(said[2]),
                o.read(),
                e.read().decode(errors="replace"),
            )

    def bounded(self, name, peak):
        check(
            peak <= MEMORY + SLACK,
            f"{name}: {peak / MIB:.1f} MiB resident, {(MEMORY + SLACK) / MIB:.0f} allowed",
        )

    def honest(self, name, capture, allowed):
        for engines in "1234":
            self.honest_with(f"{name} -j {engines}", capture, allowed, engines)

    def honest_with(self, name, capture, allowed, engines):
        only = 'host == "honest.example" and client_port > 50000'
        _, peak, _, out, err = self.run(capture, "-j", engines, "-o", "ndjson", "-Y", only)
        self.bounded(f"{name}, records", peak)
        causes = {}
        for line in out.splitlines():
            record = json.loads(line)
            causes[record["connection"]["client_port"]] = record["verdict"]["cause"]
        for port, cause in HONEST.items():
            check(
                causes.get(port) in {cause} | allowed,
                f"{name}: honest port {port}: {causes.get(port)}, not {cause} {err}",
            )

    def make(self, name, size):
        capture = os.path.join(self.work, f"{name}.pcap")
        subprocess.run(
            [f"{self.tools}/mkattack", name, capture, "--size", str(size)],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        return capture

    def attack(self, name, size):
        capture = self.make(name, size)
        status, peak, seconds, out, err = self.run(capture, "-o", "json")
        check(status == 0, f"{name}: exit status {status}: {err}")
        self.bounded(name, peak)
        summary = found = json.loads(out)
        group, *members = NAMED[name]
        for part in group.split("."):
            found = found[part]
        if size >= LEAST.get(name, 0):
            check(any(found.get(m) for m in members), f"{name}: {group} has no {members}")
        self.honest(name, capture, {"incomplete"} if name in UNJUDGED else set())
        packets = summary["input"]["packets"]
        print(
            f"{name:10} {packets:8} packets {seconds / packets * 1e9:8.0f} ns each "
            f"{peak / MIB:6.1f} MiB"
        )
        os.unlink(capture)

    def bomb(self, packing, pack, begin, status_wanted, word):
        """Zeros behind `begin`: packets without a byte, or no capture at all."""
        capture = os.path.join(self.work, f"bomb.{packing}")
        pack(capture, begin)
        name = f"bomb {packing}{'' if begin else ', no capture'}"
        status, peak, seconds, out, err = self.run(capture, "-o", "json")
        self.bounded(name, peak)
        check(status == status_wanted, f"{name}: exit status {status}: {err}")
        check(word in err + out.decode(), f'{name}: nobody says "{word}": {err}')
        if begin:
            self.honest(name, capture, set())
        print(f"{name}: {os.path.getsize(capture)} bytes, {seconds:.2f} s, {peak / MIB:.1f} MiB")
        os.unlink(capture)


def packer(opener):
    def pack(path, begin):
        with opener(path, "wb") as f:
            f.write(begin)
            for _ in range(ZEROS // MIB):
                f.write(bytes(MIB))

    return pack


def piped(program):
    def pack(path, begin):
        with open(path, "wb") as f:
            child = subprocess.Popen([program, "-q", "-c"], stdin=subprocess.PIPE, stdout=f)
            child.stdin.write(begin)
            for _ in range(ZEROS // MIB):
                child.stdin.write(bytes(MIB))
            child.stdin.close()
            if child.wait() != 0:
                raise RuntimeError(program)

    return pack


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    size = int(os.environ.get("SIZE", "100000"))
    with tempfile.TemporaryDirectory() as work:
        os.chmod(work, 0o755)
        c = Check(sys.argv[1], sys.argv[2], work)
        for name in NAMED:
            c.attack(name, size)
        with open(c.make("none", 1), "rb") as f:
            begin = f.read()
        packers = {"gz": packer(gzip.open), "xz": packer(lzma.open), "bz2": packer(bz2.open)}
        for program in "zstd", "lz4":
            if shutil.which(program):
                packers[program] = piped(program)
        for packing, pack in packers.items():
            c.bomb(packing, pack, begin, 0, "link-short")
            c.bomb(packing, pack, b"", 3, "bomb." + packing)
    print(f"attacks: {len(failures)} failures")
    sys.exit(1 if failures else 0)


main()
