#!/usr/bin/python3
"""Faults: the program with each of its allocations, reads, writes and other calls failing in turn.

  check.py PROGRAM FAULT_SO [--every N] [--cases NAME,...] [--without NAME,...] [--kinds KIND,...] [-v]

A case is a way to run the program on a small capture. It is run once as it is, which counts its
calls, then once for each call and error (--every N: for one in N of them, others each time the
numbers change). Asked of every run:
  - it ends by itself, by no signal, with a documented status, and no sanitizer has found anything
  - where the status is 0, everything that was to be written is there, the same as without a fault;
    or what is missing is told, on standard error or in the report
  - where it is not, standard error says why in lines of the program's own
  - what has to appear whole is whole, or not there; what grows holds whole records; nothing
    unfinished is left behind
"""
import errno, io, json, os, shutil, struct, subprocess, sys, tarfile, tempfile, threading, time

KINDS = ["alloc", "read", "write", "stdio", "open", "close", "rename", "stat", "seek", "socket", "thread"]
SHORT = 0
ERRORS = {
    "alloc": [errno.ENOMEM],
    "read": [SHORT, errno.EINTR, errno.EIO, errno.EAGAIN],
    "write": [SHORT, errno.EINTR, errno.EIO, errno.ENOSPC, errno.EPIPE, errno.EAGAIN],
    "stdio": [errno.ENOSPC],
    "open": [errno.EMFILE, errno.EACCES],
    "close": [errno.EIO, errno.EINTR],
    "rename": [errno.EIO],
    "stat": [errno.EIO],
    "seek": [errno.EIO],
    "socket": [SHORT, errno.EINTR, errno.EIO],
    "thread": [errno.EAGAIN],
}
SHRINKS, GROWS, SLEEPS = -1, -2, -3
OWN_ERRORS = {  # of single cases, in place of those above
    "changing": {"read": [SHRINKS, GROWS]},
    "changing-html": {"read": [SHRINKS, GROWS]},
    "sleeping": {k: [SLEEPS] for k in ("alloc", "read", "write", "thread")},
}
SECONDS = 240  # a guard against hanging, nothing else

# name, options, what appears whole or not at all, what grows; "sandbox": with it, and as it is
# FILE stands for the folder of outputs. The sandbox is off in the others: libseccomp asks for ever
# where it has no memory.
SMALL = "pcaps/ignored.pcap"
OTHER = "pcaps/curl-307.pcap"
CASES = {
    "text": (["-r", SMALL], [], []),
    "json": (["-r", SMALL, "-o", "json", "-O", "@/report.json"], ["report.json"], []),
    "ndjson": (["-r", SMALL, "-A", "-o", "ndjson", "-O", "@/r.ndjson"], ["r.ndjson"], []),
    "csv": (["-r", SMALL, "-o", "csv"], [], []),
    "html": (["-r", SMALL, "-o", "html", "-O", "@/report.html"], ["report.html"], []),
    "md": (["-r", SMALL, "-o", "md"], [], []),
    "har": (["-r", SMALL, "-o", "har", "-O", "@/x.har"], ["x.har"], []),
    "metrics": (["-r", SMALL, "-o", "json", "--metrics", "@/m.prom"], ["m.prom"], []),
    "write": (["-r", SMALL, "-o", "csv", "-w", "@/w.pcap"], [], ["w.pcap"]),
    "record": (["-r", SMALL, "-o", "csv", "--record", "@/all.pcap"], [], ["all.pcap"]),
    "rotate": (["-r", SMALL, "-o", "csv", "--record", "@/all-%s.pcap", "-G", "1"], [], [".pcap"]),
    "streams": (["-r", SMALL, "-o", "csv", "--streams", "@/streams"], [], []),
    "several": (["-r", SMALL, "-r", OTHER, "-o", "json", "-j", "1"], [], []),
    "gzip": (["-r", "@in/x.pcap.gz", "-o", "json"], [], []),
    "zstd": (["-r", "@in/x.pcap.zst", "-o", "json"], [], []),
    "xz": (["-r", "@in/x.pcap.xz", "-o", "json"], [], []),
    "lz4": (["-r", "@in/x.pcap.lz4", "-o", "json"], [], []),
    "bzip2": (["-r", "@in/x.pcap.bz2", "-o", "json"], [], []),
    "filter": (["-r", SMALL, "-Y", "stall > 500ms and host ~ '1'", "-o", "csv", "tcp", "port", "8300"], [], []),
    "threads": (["-r", SMALL, "-j", "3", "-o", "json"], [], []),
    "sleeping": (["-r", SMALL, "-r", OTHER, "-j", "3", "-o", "json"], [], []),
    "changing": (["-r", "@copy", "-o", "json", "-w", "@/w.pcap"], [], ["w.pcap"]),
    "changing-html": (["-r", "@copy", "-o", "html", "-O", "@/report.html"], ["report.html"], []),
    "merge": (["--merge", "@in/a.ndjson", "@in/b.json", "-o", "json", "-O", "@/m.json"], ["m.json"], []),
    "compare": (["--compare", "@in/b.json", "@in/b.json"], [], []),
    "align": (["--align", "pcaps/far-pair.pcap", "pcaps/far-pair-server.pcap"], [], []),
    "bundle": (["-r", SMALL, "-o", "csv", "--bundle", "@/b.tar.gz"], ["b.tar.gz"], []),
    "explain": (["--explain", "417"], [], []),
    "config": (["-r", SMALL, "-o", "csv"], [], []),
    "sandbox": (["-r", SMALL, "-o", "json", "-O", "@/report.json", "-w", "@/w.pcap", "--metrics", "@/m.prom"],
                ["report.json", "m.prom"], ["w.pcap"]),
}
COUNTS = 8 * (len(KINDS) + 1)


def records_whole(data):
    """Whether a pcap file ends with a record."""
    if len(data) == 0:
        return True
    if len(data) < 24:
        return False
    at = 24
    while at + 16 <= len(data):
        at += 16 + struct.unpack_from("<I", data, at + 8)[0]
    return at == len(data)


def contents(folder):
    found = {}
    for base, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(base, name)
            with open(path, "rb") as f:
                found[os.path.relpath(path, folder)] = f.read()
    return found


class Case:
    def __init__(self, check, name):
        self.name, self.check = name, check
        self.options, self.whole, self.growing = CASES[name]

    def run(self, fault, slot, slowly=False):
        """Runs it once: status, standard output and error, files, counts."""
        out = os.path.join(self.check.dir, "out-%s-%d" % (self.name, slot))
        shutil.rmtree(out, ignore_errors=True)
        os.mkdir(out)
        counts = os.path.join(self.check.dir, "counts-%d" % slot)
        with open(counts, "wb") as f:
            f.write(bytes(COUNTS))
        copy = os.path.join(self.check.dir, "copy-%s" % self.name)
        if "@copy" in self.options:
            shutil.copy(SMALL, copy)
        argv = [self.check.program]
        if self.name != "sandbox":
            argv.append("--no-sandbox")
        if "-j" not in self.options and "-r" in self.options:
            argv += ["-j", "1"]
        argv += [o.replace("@copy", copy).replace("@in/", self.check.inputs + "/").replace("@/", out + "/") for o in self.options]
        env = dict(os.environ, LD_PRELOAD=self.check.library, FAULT_COUNTS=counts, LC_ALL="C.UTF-8",
                   ASAN_OPTIONS="verify_asan_link_order=0:exitcode=99:detect_leaks=%d:"
                   "fast_unwind_on_malloc=%d:%s"
                   % (self.name != "sandbox", not slowly, os.environ.get("ASAN_OPTIONS", "")))
        env["LSAN_OPTIONS"] = "print_suppressions=0:suppressions=" + self.check.suppressed
        env.pop("FAULT", None)
        if self.name == "config":
            env["XDG_CONFIG_HOME"] = self.check.inputs
        if fault:
            env["FAULT"] = fault
        p = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, env=env)
        try:
            stdout, stderr = p.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            p.kill()
            stdout, stderr = p.communicate()
            return "hangs", stdout, stderr, contents(out), []
        with open(counts, "rb") as f:
            n = struct.unpack("<%dQ" % (len(KINDS) + 1), f.read(COUNTS))
        return p.returncode, stdout, stderr.decode("utf-8", "replace"), contents(out), n

    def judge(self, base, got, fault):
        """What is wrong with a run; "" where nothing is."""
        status, stdout, stderr, files, n = got
        wrong = []
        told = [l for l in stderr.splitlines() if l]
        if status == "hangs":
            return "hangs"
        if status < 0:
            return "ended by signal %d" % -status
        if status == 99 or "Sanitizer" in stderr or "runtime error" in stderr:
            return "a sanitizer's finding"
        if n[-1] == 0:  # another way was taken: the call was never reached
            return "" if status == base[0] else "not reached, yet status %d" % status
        if status not in (0, 1, 2, 3, 4):
            wrong.append("status %d" % status)
        if [n for n in files if os.path.basename(n).startswith(".")]:
            # Where the very removal fails nothing can be done: the next run takes it away.
            if not fault.startswith("rename"):
                wrong.append("left behind")
        if not all(l.startswith(("await100: ", "usage: ", "try ", "  ")) for l in told):
            wrong.append("not in the program's words")
        if status == base[0]:
            same = files == base[3] and stdout == base[1]
            # A closed pipe is its reader's right: no more is written to it, and nothing is wrong.
            closed = ":%d" % errno.EPIPE in fault
            if not same and not closed and not told and not self.says_so(stdout, files, base):
                wrong.append("status %d, and something is missing" % status)
        elif not told:
            wrong.append("status %d without a word" % status)
        for name in self.whole:
            if name in files and files[name] != base[3].get(name) and not self.finished(name, files[name]):
                wrong.append("%s is neither whole nor absent" % name)
        for name in [n for n in files if self.growing and n.endswith(tuple(self.growing))]:
            if not records_whole(files[name]) and not told:
                wrong.append("%s ends inside a record, and nobody says so" % name)
        return "; ".join(wrong)

    def says_so(self, stdout, files, base):
        """A report that says itself that memory was short."""
        everything = stdout + b"".join(files.values())
        before = base[1] + b"".join(base[3].values())
        words = [b"memory"]
        return any(everything.lower().count(w) > before.lower().count(w) for w in words)

    def finished(self, name, data):
        """Whether it is a whole file of its kind, though another than without the fault."""
        try:
            if name.endswith(".json") or name.endswith(".har"):
                json.loads(data)
                return True
            if name.endswith(".ndjson"):
                return all(isinstance(json.loads(l), dict) for l in data.splitlines()) and (
                    not data or data.endswith(b"\n"))
            if name.endswith(".tar.gz"):
                return len(tarfile.open(fileobj=io.BytesIO(data)).getnames()) == 5
            if name.endswith(".html"):
                return data.rstrip().endswith(b"</html>")
            return name.endswith(".prom") and data.endswith(b"\n")
        except (ValueError, tarfile.TarError, EOFError, OSError):
            return False


class Check:
    def __init__(self, program, library, every, verbose):
        self.program, self.library = os.path.realpath(program), os.path.realpath(library)
        self.every, self.verbose = every, verbose
        self.dir = tempfile.mkdtemp(prefix="fault-")
        os.chmod(self.dir, 0o755)
        self.inputs = os.path.join(self.dir, "in")
        os.mkdir(self.inputs)
        self.suppressed = os.path.join(self.dir, "suppressed")
        with open(self.suppressed, "w") as f:
            f.write("leak:setlocale\n")  # the C library's own, where it has no memory
        self.lock = threading.Lock()
        self.failed, self.runs, self.reached = 0, 0, 0
        self.skipped = set()
        self.prepare()

    def prepare(self):
        for tool, end in (("gzip", "gz"), ("zstd", "zst"), ("xz", "xz"), ("lz4", "lz4"), ("bzip2", "bz2")):
            if not shutil.which(tool):
                self.skipped.add(tool)
                continue
            with open(os.path.join(self.inputs, "x.pcap." + end), "wb") as f, open(SMALL, "rb") as g:
                subprocess.run([tool, "-c"], stdin=g, stdout=f, check=True)
        for name, form, capture in (("a.ndjson", "ndjson", SMALL), ("b.json", "json", OTHER)):
            subprocess.run([self.program, "--no-sandbox", "-q", "-r", capture, "-o", form, "-O",
                            os.path.join(self.inputs, name)], check=True)
        os.mkdir(os.path.join(self.inputs, "await100"))
        with open(os.path.join(self.inputs, "await100", "config"), "w") as f:
            f.write("all\nset = idle-timeout=30s\nmemory = 100M\n")

    def case(self, name, kinds):
        case = Case(self, name)
        base = case.run(None, 0)
        if base[0] not in (0, 1):
            print("fault: FAILED %s: without any fault, status %s: %s" % (name, base[0], base[2]))
            self.failed += 1
            return
        todo = []
        for k, kind in enumerate(KINDS):
            if kind not in kinds or (name == "sandbox" and kind == "alloc"):
                continue
            errors = OWN_ERRORS.get(name, ERRORS).get(kind, [])
            todo += ["%s:%d:%d" % (kind, i, e) for i in range(1, base[4][k] + 1) for e in errors]
            for e in errors if name not in OWN_ERRORS else []:
                if base[4][k] and e not in (SHORT, errno.EINTR, errno.EAGAIN):
                    todo.append("%s:%d:%d:on" % (kind, (base[4][k] + 1) // 2, e))
            if base[4][k] and kind in ("read", "write") and name not in OWN_ERRORS:
                todo.append("%s:1:%d:on" % (kind, SHORT))
        if self.every > 1:
            todo = todo[sum(map(ord, name)) % self.every::self.every]
        total = len(todo)
        reached, failed, kept = [0], [0], {}

        def work(slot):
            while True:
                with self.lock:
                    if not todo:
                        return
                    fault = todo.pop()
                got = case.run(fault, slot)
                if "LeakSanitizer" in str(got[2]):  # whose it is is only seen the slow way
                    got = case.run(fault, slot, True)
                wrong = case.judge(base, got, fault)
                with self.lock:
                    self.runs += 1
                    reached[0] += bool(got[4] and got[4][-1])
                    if wrong:
                        failed[0] += 1
                        kept.setdefault(wrong, []).append(fault)
                        if len(kept[wrong]) == 1 or self.verbose:
                            print("fault: FAILED %s %s: %s" % (name, fault, wrong))
                            text = got[2] if isinstance(got[2], str) else got[2].decode("utf-8", "replace")
                            for line in text.splitlines()[:40 if self.verbose else 8]:
                                print("    " + line)

        slots = (1,) if "@copy" in case.options else (1, 2)
        workers = [threading.Thread(target=work, args=(slot,)) for slot in slots]
        for w in workers:
            w.start()
        for w in workers:
            w.join()
        for wrong, faults in sorted(kept.items()):
            print("fault: %s: %s: %d times: %s" % (name, wrong, len(faults), " ".join(sorted(faults)[:12])))
        print("%s fault: %s: %d runs, the fault met in %d, calls %s" % (
            "FAILED" if failed[0] else "ok    ", name, total, reached[0],
            " ".join("%s %d" % (k, base[4][i]) for i, k in enumerate(KINDS) if base[4][i])), flush=True)
        self.failed += failed[0]
        self.reached += reached[0]


def main():
    args, every, cases, without, kinds, verbose = sys.argv[1:], 1, None, [], KINDS, False
    plain = []
    while args:
        a = args.pop(0)
        if a == "--every":
            every = int(args.pop(0))
        elif a == "--cases":
            cases = args.pop(0).split(",")
        elif a == "--without":
            without = args.pop(0).split(",")
        elif a == "--kinds":
            kinds = args.pop(0).split(",")
        elif a == "-v":
            verbose = True
        else:
            plain.append(a)
    check = Check(plain[0], plain[1], every, verbose)
    begun = time.monotonic()
    try:
        for name in cases or CASES:
            if name not in check.skipped and name not in without:
                check.case(name, kinds)
    finally:
        shutil.rmtree(check.dir, ignore_errors=True)
    print("fault: %d runs, the fault met in %d, %d failed, %.0f s" % (
        check.runs, check.reached, check.failed, time.monotonic() - begun))
    sys.exit(check.failed > 0)


main()
