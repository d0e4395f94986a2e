"""A headless Chromium, driven over the DevTools protocol through a pair of pipes.

Only what the report's checks need. Nothing here sleeps to wait for the page: every wait is for an
answer, an event, or a condition with a deadline.
"""

import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
]


class BrowserError(Exception):
    """The browser did not do what it was asked."""


def _place_pipes(commands, answers):
    """Makes the two pipe ends file descriptors 3 and 4 of the child, whatever they were."""

    def place():
        # Both move out of the way first, since either may already be 3 or 4.
        high_commands = os.dup2(commands, 100)
        high_answers = os.dup2(answers, 101)
        os.dup2(high_commands, 3)
        os.dup2(high_answers, 4)
        os.close(high_commands)
        os.close(high_answers)

    return place


class Pipe:
    """Messages to and from the browser: JSON, each ended by a NUL."""

    def __init__(self, executable, profile):
        child_in, self._out = os.pipe()
        self._in, child_out = os.pipe()
        self.process = subprocess.Popen(
            [
                executable,
                *FLAGS,
                f"--user-data-dir={profile}",
                "--remote-debugging-pipe",
                "about:blank",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(3, 4),
            preexec_fn=_place_pipes(child_in, child_out),
            start_new_session=True,
        )
        os.close(child_in)
        os.close(child_out)
        self._buffer = b""

    def send(self, message):
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._out, data) :]

    def receive(self, deadline):
        while b"\0" not in self._buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._in], [], [], left)[0]:
                raise BrowserError("the browser did not answer in time")
            chunk = os.read(self._in, 1 << 20)
            if not chunk:
                raise BrowserError("the browser has ended")
            self._buffer += chunk
        message, self._buffer = self._buffer.split(b"\0", 1)
        return json.loads(message)

    def close(self):
        # The whole group, which is the browser with its own children and nothing else.
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        os.close(self._in)
        os.close(self._out)


class Browser:
    """One browser with one page. Use it in a with statement."""

    def __init__(self, executable=None, patience=60.0):
        self._executable = (
            executable or shutil.which("chromium") or shutil.which("chromium-browser")
        )
        if self._executable is None:
            raise BrowserError("there is no chromium on this machine")
        self.patience = patience
        self.events = []
        self._last = 0
        self._session = None

    def __enter__(self):
        self._profile = tempfile.mkdtemp(prefix="report-page-")
        self._pipe = Pipe(self._executable, self._profile)
        try:
            self._attach()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._pipe.close()
        shutil.rmtree(self._profile, ignore_errors=True)

    def _attach(self):
        targets = self.call("Target.getTargets")["targetInfos"]
        page = next(target for target in targets if target["type"] == "page")
        answer = self.call("Target.attachToTarget", targetId=page["targetId"], flatten=True)
        self._session = answer["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(domain + ".enable")

    def call(self, method, **parameters):
        """Sends a command and waits for its answer; events that arrive meanwhile are kept."""
        self._last += 1
        message = {"id": self._last, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._pipe.send(message)
        deadline = time.monotonic() + self.patience
        while True:
            answer = self._pipe.receive(deadline)
            if answer.get("id") == message["id"]:
                break
            if "method" in answer:
                self._note(answer)
        if "error" in answer:
            raise BrowserError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def _note(self, event):
        self.events.append(event)
        # A dialog would hold up the page, and with it every later answer.
        if event["method"] == "Page.javascriptDialogOpening":
            self._last += 1
            self._pipe.send(
                {
                    "id": self._last,
                    "sessionId": event["sessionId"],
                    "method": "Page.handleJavaScriptDialog",
                    "params": {"accept": False},
                }
            )

    def evaluate(self, expression):
        """The value of a JavaScript expression; promises are awaited."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            text = details.get("exception", {}).get("description", details["text"])
            raise BrowserError(f"{text}\nin: {expression.strip()[:200]}")
        return answer["result"].get("value")

    def wait_until(self, condition, what):
        """Evaluates in every frame of the page until the condition holds or patience ends."""
        limit = int(self.patience * 1000 * 0.9)
        held = self.evaluate(
            f"""new Promise((resolve) => {{
              const end = performance.now() + {limit};
              const look = () => {{
                let held = false;
                try {{ held = Boolean({condition}); }} catch (error) {{ held = false; }}
                if (held || performance.now() > end) resolve(held);
                else setTimeout(look, 10);
              }};
              look();
            }})"""
        )
        if not held:
            raise BrowserError(f"waited in vain for {what}")

    def frames(self, count=2):
        """Lets the page paint."""
        for _ in range(count):
            self.evaluate("new Promise((done) => requestAnimationFrame(() => done(0)))")

    def open(self, address):
        self.events.clear()
        self.call("Page.navigate", url=address)

    def size(self, width, height, mobile=False):
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=mobile,
        )

    def scheme(self, value):
        features = [{"name": "prefers-color-scheme", "value": value}]
        self.call("Emulation.setEmulatedMedia", media="", features=features)

    def move(self, x, y):
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def click(self, x, y):
        self.move(x, y)
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def drag(self, x, y, to_x, to_y):
        self.move(x, y)
        self.call(
            "Input.dispatchMouseEvent", type="mousePressed", x=x, y=y, button="left", clickCount=1
        )
        for part in (0.25, 0.5, 0.75, 1.0):
            self.call(
                "Input.dispatchMouseEvent",
                type="mouseMoved",
                button="left",
                buttons=1,
                x=x + (to_x - x) * part,
                y=y + (to_y - y) * part,
            )
        self.call(
            "Input.dispatchMouseEvent",
            type="mouseReleased",
            x=to_x,
            y=to_y,
            button="left",
            clickCount=1,
        )

    def press(self, key, code):
        for kind in ("keyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code
            )

    def screenshot(self, clip=None):
        parameters = {"format": "png", "captureBeyondViewport": True}
        if clip:
            parameters["clip"] = {**clip, "scale": 1}
        return self.call("Page.captureScreenshot", **parameters)["data"]
