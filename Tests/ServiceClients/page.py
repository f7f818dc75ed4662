# SPDX-License-Identifier: Apache-2.0
"""The page in a headless browser: its buttons, its looks, and pages of others that want to press them.

CODECKIT_PICTURES names a folder for pictures of all views, light and dark, narrow and wide.
"""
import http.server
import os
import threading

from private import private
from servers import TOKEN, wait_until
from webdriver import Browser
from world import same

WIDTHS = {"narrow": (360, 740), "wide": (1400, 900)}
NAME = 'a <b>name</b> of the page & "more"'


class Visit:
    """A browser that looks at the service."""

    def __init__(self, browser, found):
        self.browser = browser
        self.found = found
        self.seen = set()
        self.folder = os.environ.get("CODECKIT_PICTURES")

    def open(self, path):
        self.browser.open(self.found.service.address + path)

    def look(self, name):
        """No view scrolls sideways, however wide the window; takes pictures when somebody wants them."""
        for width, (across, down) in WIDTHS.items():
            for scheme in ("light", "dark"):
                self.browser.size(across, down)
                self.browser.scheme(scheme)
                inner, scroll, back = self.browser.run(
                    "return [window.innerWidth, document.documentElement.scrollWidth, "
                    "getComputedStyle(document.body).backgroundColor]")
                assert scroll <= across and inner <= across, f"{name} at {across}: {scroll} wide"
                brightness = sum(int(word) for word in back[back.index("(") + 1:-1].split(",")[:3])
                assert (brightness > 384) == (scheme == "light"), f"{name} in {scheme}: {back}"
                if self.folder:
                    self.browser.picture(os.path.join(self.folder, f"{name}-{width}-{scheme}.png"))
        self.browser.size(*WIDTHS["wide"])
        self.browser.scheme("light")

    def text(self):
        return self.browser.run("return document.body.innerText")

    def form(self, instance):
        """The form that makes a backup of an instance."""
        return self.browser.run(
            "return [...document.querySelectorAll('form')].findIndex(form => "
            "form.querySelector('input[name=instance]')?.value === arguments[0])", instance)

    def make(self, instance, name="", kind="full"):
        """Fills in the form of an instance, and presses its button; returns the path of the new backup."""
        place = self.form(instance)
        assert place >= 0, f"there is no form for {instance}"
        self.browser.run(
            "const form = document.querySelectorAll('form')[arguments[0]]; form.id = 'wanted';"
            "form.querySelector('select').value = arguments[1]", place, kind)
        self.browser.type(self.browser.one("#wanted input[name=name]"), name)
        self.browser.click(self.browser.one("#wanted button"))
        return wait_until(
            lambda: (path := self.browser.address_now.removeprefix(self.found.service.address)).startswith("/backup/")
            and path, what="the page of the new backup")

    def state(self, path):
        """Looks until a backup has ended; returns its state."""
        def ended():
            self.open(path)
            word = self.browser.run("return document.querySelector('dd .state')?.innerText")
            return word in ("complete", "failed", "canceled") and word

        return wait_until(ended, what="the end of the backup")

    def press(self, label):
        """Presses the button or follows the link with a text."""
        found = [
            element for element in self.browser.find("button, a")
            if self.browser.text(element).strip().rstrip("…") == label]
        assert found, f"there is no {label} in {self.text()}"
        self.browser.click(found[-1])


def page(world):
    browser = Browser()
    try:
        with private(world) as found:
            visit = Visit(browser, found)
            log_in(visit)
            buttons(visit)
            strangers(visit)
            visit.open("/")
            addresses = [address for address in browser.requests() if not address.startswith("data:")]
            own = [address for address in addresses if address.startswith(found.service.address + "/")]
            others = {address.split("/")[2] for address in addresses if address not in own}
            assert own and others <= {visit.stranger}, f"requests to {others}"
            # That it cannot be shown inside of a page of somebody else is as it should be.
            bad = [text for text in browser.complaints()
                   if "Content Security Policy" in text and "frame-ancestors" not in text]
            same(bad, [], "complaints of the browser")
            found.service.verify()
        with private(world, tokens=False) as found:
            visit = Visit(browser, found)
            found.finish(found.create())
            visit.open("/")
            visit.look("without-tokens")
            same(browser.find("form button"), [], "buttons without tokens")
    finally:
        browser.close()


def log_in(visit):
    """Nobody sees anything who has no token."""
    browser = visit.browser
    backup = visit.found.create()
    visit.found.finish(backup)
    for path in ("/", f"/backup/{backup}", f"/backup/{backup}/delete"):
        visit.open(path)
        browser.one("#secret")
        assert backup not in visit.text() and "quick" not in visit.text(), "it tells too much"
    visit.look("login")
    browser.type(browser.one("#secret"), "no-token-of-anybody")
    browser.click(browser.one("form button"))
    browser.one(".note.bad")
    visit.look("login-refused")
    browser.type(browser.one("#secret"), TOKEN)
    browser.click(browser.one("form button"))
    wait_until(lambda: "quick" in visit.text(), what="the overview")
    assert TOKEN not in browser.run("return document.documentElement.outerHTML"), "the token is in the page"
    same(browser.run("return document.cookie"), "", "cookies that scripts see")
    visit.path = f"/backup/{backup}"


def buttons(visit):
    """Making, checking, restoring, deleting."""
    browser, found = visit.browser, visit.found
    visit.open("/")
    path = visit.make("quick", NAME)
    same(visit.state(path), "complete", "the state")
    assert NAME in visit.text(), "the name"
    same(browser.find("h1 b"), [], "tags of a name")
    visit.open("/")
    child = visit.make("quick", "an increment", "incremental")
    same(visit.state(child), "complete", "the state")
    assert "a <b>name</b>" in visit.text(), "its parent"
    visit.look("details")
    visit.press("Verify")

    def verified():
        visit.open(child)
        return "never" not in visit.text()

    wait_until(verified, what="the end of the check")

    visit.open(child)
    visit.press("Restore")
    wait_until(lambda: browser.address_now.endswith("/restore"), what="the question")
    visit.look("restore")
    browser.run("document.querySelector('select[name=instance]').value = 'quick'")
    visit.press("Replace it")
    restored = os.path.join(found.data, "quick.restored")
    with open(os.path.join(found.data, "quick"), "rb") as file:
        content = file.read()

    def arrived():
        try:
            with open(restored, "rb") as file:
                return file.read() == content
        except FileNotFoundError:
            return False

    wait_until(arrived, what="the restored file")

    def told():
        visit.open(child)
        return browser.run("return document.body.innerText.includes('Restores') && !document.querySelector('meta[http-equiv]')")

    wait_until(told, what="the end of the restore on the page")
    visit.look("details-restored")

    # While one is made, and after one has failed.
    visit.open("/")
    running = visit.make("slow")
    visit.open("/")
    assert browser.find(".state.running"), visit.text()
    visit.look("overview-running")
    visit.open("/")
    failed = visit.make("broken", "a backup that fails")
    same(visit.state(failed), "failed", "the state")
    assert "it is broken" in visit.text(), "the reason"
    visit.look("details-failed")
    found.touch("go")
    same(visit.state(running), "complete", "the state")
    visit.open("/")
    visit.look("overview")

    # A deletion asks first, and says what goes with it.
    visit.open(path)
    visit.press("Delete")
    wait_until(lambda: "an increment" in visit.text(), what="the question")
    visit.look("delete")
    before = len(found.rows())
    visit.press("Keep them")
    wait_until(lambda: browser.address_now == found.service.address + "/", what="the way back")
    same(len(found.rows()), before, "backups after a change of mind")
    visit.open(path)
    visit.press("Delete")
    wait_until(lambda: "an increment" in visit.text(), what="the question")
    visit.press("Delete all 2")
    wait_until(lambda: len(found.rows()) == before - 2, what="the deletion")
    wait_until(lambda: "an increment" not in visit.text(), what="the page after the deletion")
    # What is gone is said to be gone.
    visit.open(path)
    assert browser.find(".note.bad"), visit.text()
    visit.look("gone")


class Stranger(http.server.BaseHTTPRequestHandler):
    """A page of somebody else, which presses buttons of the service with the visitor's cookies."""

    targets = []

    def do_GET(self):
        forms = "".join(
            f"<iframe name='frame{number}'></iframe><form method=post action='{address}' target='frame{number}'>"
            "<input name=instance value=quick><input name=name value=foreign><input name=token value=x></form>"
            for number, address in enumerate(self.targets))
        body = (
            f"<!DOCTYPE html><title>stranger</title>{forms}<p id=done></p><script>"
            "for (const form of document.forms) form.submit();"
            f"const targets = {self.targets!r};"
            "Promise.allSettled(targets.flatMap(target => ['POST', 'DELETE', 'GET'].map(method => fetch(target, {method,"
            "credentials: 'include', mode: method === 'DELETE' ? 'cors' : 'no-cors', body: method === 'POST' ? "
            "'{\"service_id\":\"quick\",\"location_id\":\"default\"}' : undefined})))).then(() => setTimeout(() => "
            "document.getElementById('done').textContent = 'done', 1000));</script>").encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def strangers(visit):
    """A page on another port of the same host: the browser sends its cookies along."""
    browser, found = visit.browser, visit.found
    before = {row["id"] for row in found.rows()}
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stranger)
    visit.stranger = f"127.0.0.1:{server.server_port}"
    address = found.service.address
    Stranger.targets = [
        f"{address}{path}" for path in
        ("/backup", f"{visit.path}/delete", f"{visit.path}/verify", "/logout", "/login", "/v1/backups:start",
         f"/v1/backups/artifacts/{visit.path.removeprefix('/backup/')}?remove_files=true")]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        browser.open(f"http://{visit.stranger}/")
        wait_until(lambda: browser.run("return document.getElementById('done')?.textContent === 'done'"),
                   what="the stranger's work")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    same({row["id"] for row in found.rows()}, before, "backups after a stranger's visit")
    # And the visitor is still logged in.
    visit.open("/")
    assert "quick" in visit.text() and not browser.find("#secret"), visit.text()


SCENARIOS = {"page": page}
