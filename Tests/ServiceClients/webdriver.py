# SPDX-License-Identifier: Apache-2.0
"""A browser without a window, driven over the protocol of WebDriver (W3C), as far as the page's tests need it."""
import base64
import json
import os
import shutil
import socket
import subprocess
import tempfile
import urllib.error
import urllib.request

from servers import PROGRAMS, Skipped, wait_until

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


class Browser:
    """A headless Chromium."""

    def __init__(self):
        programs = [shutil.which(name, path=PROGRAMS) for name in ("chromedriver", "chromium")]
        if None in programs:
            raise Skipped("there is no chromium or no chromedriver")
        self.folder = tempfile.mkdtemp(prefix="service-browser-")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"http://127.0.0.1:{free.getsockname()[1]}"
        self.process = subprocess.Popen(
            [programs[0], f"--port={self.address.rsplit(':', 1)[1]}"], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env={"PATH": PROGRAMS, "HOME": self.folder, "TMPDIR": self.folder})
        self.session = None
        try:
            wait_until(self._is_ready, 30, "the browser's driver")
            options = {
                "binary": programs[1],
                "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                         "--disable-background-networking", "--disable-component-update", "--no-first-run",
                         f"--user-data-dir={self.folder}/profile", "--hide-scrollbars=false"],
            }
            capabilities = {
                "browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"performance": "ALL",
                                                                                              "browser": "ALL"}}
            answer = self._send("POST", "/session", {"capabilities": {"alwaysMatch": capabilities}})
            self.session = answer["sessionId"]
        except BaseException:
            self.close()
            raise

    def _is_ready(self):
        try:
            return self._send("GET", "/status")["ready"]
        except (OSError, urllib.error.URLError):
            return False

    def _send(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            value = json.load(error)["value"]
            raise AssertionError(f"{path}: {value['error']}: {value['message'][:500]}") from None

    def _do(self, method, path, body=None):
        return self._send(method, f"/session/{self.session}{path}", body)

    def close(self):
        if self.session is not None:
            try:
                self._do("DELETE", "")
            except (AssertionError, OSError):
                pass
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            # How the browser ends is not what is looked at.
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def open(self, address):
        self._do("POST", "/url", {"url": address})

    @property
    def address_now(self):
        return self._do("GET", "/url")

    def run(self, script, *arguments):
        """What a script in the page returns."""
        return self._do("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def find(self, selector):
        """All elements of a CSS selector."""
        return [
            element[ELEMENT] for element in
            self._do("POST", "/elements", {"using": "css selector", "value": selector})]

    def one(self, selector, seconds=20):
        """The one element of a selector, as soon as it is there."""
        found = wait_until(lambda: self.find(selector), seconds, f"an element {selector}")
        assert len(found) == 1, f"{len(found)} elements {selector}"
        return found[0]

    def click(self, element):
        self._do("POST", f"/element/{element}/click", {})

    def type(self, element, text):
        self._do("POST", f"/element/{element}/clear", {})
        self._do("POST", f"/element/{element}/value", {"text": text})

    def text(self, element):
        return self._do("GET", f"/element/{element}/text")

    def attribute(self, element, name):
        return self._do("GET", f"/element/{element}/attribute/{name}")

    def developer(self, command, **parameters):
        """A command of the browser's own developer protocol."""
        return self._do("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def size(self, width, height, scale=1):
        self.developer(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=False)

    def scheme(self, name):
        """Light or dark."""
        self.developer("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def requests(self):
        """The addresses of all requests since the last call."""
        found = []
        for entry in self._do("POST", "/se/log", {"type": "performance"}):
            message = json.loads(entry["message"])["message"]
            # What its own pages ask for is nobody else's business.
            if message["method"] == "Network.requestWillBeSent" and not message["params"]["request"]["url"].startswith(
                "chrome"):
                found.append(message["params"]["request"]["url"])
        return found

    def complaints(self):
        """What the browser's console says."""
        return [entry["message"] for entry in self._do("POST", "/se/log", {"type": "browser"})]

    def picture(self, path):
        """The whole page as a picture."""
        size = self.run(
            "return [document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
        data = self.developer(
            "Page.captureScreenshot", captureBeyondViewport=True,
            clip={"x": 0, "y": 0, "width": size[0], "height": size[1], "scale": 1})["data"]
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))
