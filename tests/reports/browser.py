#!/usr/bin/env python3
"""Opens HTML reports in headless Chromium and looks at what the browser did with them.

  browser.py [--shots DIR] PAGE...

By the DevTools protocol over a pipe. For each page, at phone and at desktop width, light and dark:
nothing on the console, no exception, no dialog, no request but for the page itself, nothing wider
than the screen, only our own elements; the tables sort; and without scripts it reads the same.
"""
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from base64 import b64decode

SCREENS = [("phone", 390, 844, "light"), ("phone-dark", 390, 844, "dark"),
           ("desktop", 1280, 900, "light"), ("desktop-dark", 1280, 900, "dark")]
TIMEOUT = 60
SORTED = """(() => {
  let sorted = 0;
  for (const t of document.querySelectorAll('table.sort')) {
    for (const b of t.querySelectorAll('th button')) {
      const rows = t.tBodies[0].rows.length, i = b.parentElement.cellIndex;
      b.click(); b.click(); b.click();
      const order = b.parentElement.getAttribute('aria-sort');
      const v = Array.from(t.tBodies[0].rows, r => r.cells[i].dataset.v ?? r.cells[i].textContent);
      const key = b.parentElement.classList.contains('n') ? Number : String;
      for (let k = 1; k < v.length; k++) {
        const a = key(v[k - 1]), c = key(v[k]);
        const less = key === Number ? a < c : a.localeCompare(c) < 0;
        const more = key === Number ? a > c : a.localeCompare(c) > 0;
        if (order === 'descending' ? less : more) return 'not sorted: ' + b.textContent;
      }
      if (t.tBodies[0].rows.length !== rows) return 'rows lost';
      sorted++;
    }
  }
  return sorted;
})()"""
INSIDE = """(() => {
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  const odd = document.querySelectorAll('script:not(:last-child), iframe, object, embed, img, form,'
    + ' video, audio, base, math, svg script, svg a, a:not([href^="#cause-"])');
  return [wide, odd.length, document.scripts.length,
          typeof hacked, document.querySelectorAll('article').length];
})()"""


class Browser:
    def __init__(self, home):
        program = shutil.which("chromium") or shutil.which("chromium-browser")
        if not program:
            raise SystemExit("browser: chromium is not installed")
        to_child, self.out = os.pipe()
        self.into, from_child = os.pipe()

        def pipes():  # the protocol is spoken on descriptors 3 and 4
            os.dup2(to_child, 103)
            os.dup2(from_child, 104)
            os.dup2(103, 3)
            os.dup2(104, 4)

        args = [program, "--headless", "--disable-gpu", "--no-first-run", "--hide-scrollbars",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND",
                "--user-data-dir=" + home, "--remote-debugging-pipe"]
        if os.getuid() == 0:
            args.append("--no-sandbox")  # it refuses to run as root otherwise
        self.process = subprocess.Popen(args + ["about:blank"], preexec_fn=pipes, close_fds=False,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_child)
        os.close(from_child)
        self.buffer, self.events, self.last, self.session = b"", [], 0, None

    def read(self, end):
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.into], [], [], max(0, end - time.monotonic()))
            if not ready:
                raise SystemExit("browser: no answer in %d s" % TIMEOUT)
            data = os.read(self.into, 1 << 20)
            if not data:
                raise SystemExit("browser: Chromium has ended")
            self.buffer += data
        message, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(message)

    def call(self, method, **params):
        self.last += 1
        message = {"id": self.last, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + TIMEOUT
        while True:
            answer = self.read(end)
            if answer.get("id") == self.last:
                if "error" in answer:
                    raise SystemExit("browser: %s: %s" % (method, answer["error"]))
                return answer["result"]
            self.events.append(answer)

    def wait(self, method):
        end = time.monotonic() + TIMEOUT
        while not any(e.get("method") == method for e in self.events):
            self.events.append(self.read(end))

    def value(self, script):
        got = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        if "exceptionDetails" in got:
            raise SystemExit("browser: %s" % got["exceptionDetails"])
        return got["result"]["value"]

    def attach(self):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target,
                                 flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(domain + ".enable")

    def close(self):
        self.session = None
        try:
            self.call("Browser.close")
            self.process.wait(20)
        finally:
            self.process.kill()
            self.process.wait()


def complaints(events, url):
    """What of the browser's events should not be."""
    for e in events:
        method, p = e.get("method"), e.get("params", {})
        if method == "Network.requestWillBeSent" and p["request"]["url"] not in (url, "data:,"):
            yield "a request for " + p["request"]["url"][:120]
        elif method == "Runtime.consoleAPICalled":
            yield "the console: " + json.dumps(p["args"])[:200]
        elif method == "Log.entryAdded":
            yield "the log: " + p["entry"]["text"][:300]
        elif method == "Runtime.exceptionThrown":
            yield "an exception: " + json.dumps(p["exceptionDetails"])[:300]
        elif method in ("Page.javascriptDialogOpening", "Page.windowOpen", "Page.downloadWillBegin"):
            yield method


def look(browser, page, shots):
    bad, articles_seen = [], set()
    url = "file://" + os.path.abspath(page)
    for scripts in (True, False):
        for name, width, height, scheme in SCREENS:
            browser.events.clear()
            browser.call("Emulation.setScriptExecutionDisabled", value=not scripts)
            browser.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                         deviceScaleFactor=1, mobile=width < 500)
            browser.call("Emulation.setEmulatedMedia",
                         features=[{"name": "prefers-color-scheme", "value": scheme}])
            browser.call("Page.navigate", url=url)
            browser.wait("Page.loadEventFired")
            wide, odd, count, hacked, articles = browser.value(INSIDE)
            articles_seen.add(articles)
            if wide > 0:
                bad.append("%s: %d pixels wider than the screen" % (name, wide))
            if odd or count != 1 or hacked != "undefined":
                bad.append("%s: elements that are not ours, or something ran" % name)
            if shots and scripts:
                shot = browser.call("Page.captureScreenshot", captureBeyondViewport=True)
                base = os.path.splitext(os.path.basename(page))[0]
                with open(os.path.join(shots, "%s-%s.png" % (base, name)), "wb") as f:
                    f.write(b64decode(shot["data"]))
            if scripts:
                tables = browser.value("document.querySelectorAll('table.sort').length")
                done = browser.value(SORTED)
                if not isinstance(done, int) or (tables > 0 and done == 0):
                    bad.append("%s: %s" % (name, done))
            bad += ["%s: %s" % (name, c) for c in complaints(browser.events, url)]
    if len(articles_seen) != 1:
        bad.append("without scripts it shows something else")
    return bad


MISBEHAVES = """<!DOCTYPE html><body><script>var hacked = 1; console.log('x'); throw new Error('y')
</script><img src="http://evil.example/a.png"><div style="width:3000px">wide</div>
<a href="http://evil.example/">x</a><script></script></body>"""


def trust(browser, home):
    """A page that does everything wrong is found out, so that silence means something."""
    page = os.path.join(home, "bad.html")
    with open(page, "w", encoding="utf-8") as f:
        f.write(MISBEHAVES)
    found = "\n".join(look(browser, page, None))
    for sign in ("a request for", "the console", "an exception", "wider than", "not ours"):
        if sign not in found:
            raise SystemExit("browser: a page that misbehaves is not found out: no '%s'" % sign)


def main():
    args, shots = sys.argv[1:], None
    if args[:1] == ["--shots"]:
        shots, args = args[1], args[2:]
    failed = 0
    with tempfile.TemporaryDirectory() as home:
        browser = Browser(home)
        try:
            browser.attach()
            trust(browser, home)
            for page in args:
                for complaint in sorted(set(look(browser, page, shots))):
                    print("FAILED %s: %s" % (page, complaint))
                    failed += 1
        finally:
            browser.close()
    print("browser: %d pages at %d screens, with and without scripts: %d complaints"
          % (len(args), len(SCREENS), failed))
    return 1 if failed or not args else 0


sys.exit(main())
