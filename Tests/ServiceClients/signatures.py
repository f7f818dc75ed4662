# SPDX-License-Identifier: Apache-2.0
"""Signed requests that were changed, are old, or are of somebody else. Signs by itself, after the facts of the protocol."""
import datetime
import hashlib
import hmac
import json
import urllib.parse

from private import DIALECTS, private
from servers import ACCESS_KEY, SECRET_KEY
from world import ACCOUNT, same

RDS = DIALECTS[3]
NAMES = ("content-type", "host", "x-project-id", "x-sdk-date")


def encoded(text):
    return urllib.parse.quote(text, safe="~")


def date(minutes=0):
    now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)
    return now.strftime("%Y%m%dT%H%M%SZ")


def signed(method, path, query, body, host, names=NAMES, when=None, key=ACCESS_KEY, secret=SECRET_KEY, more=None,
           content=None):
    """The header fields of a signed request."""
    fields = {"Host": host, "Content-Type": "application/json", "X-Project-Id": ACCOUNT, "X-Sdk-Date": when or date(),
              **(more or {})}
    values = {name.lower(): value.strip() for name, value in fields.items()}
    segments = "/".join(encoded(part) for part in urllib.parse.unquote(path).split("/"))
    request = "\n".join([
        method, segments if segments.endswith("/") else segments + "/",
        "&".join(f"{encoded(name)}={encoded(value)}" for name, value in sorted(query)),
        "".join(f"{name}:{values.get(name, '')}\n" for name in names), ";".join(names),
        content or hashlib.sha256(body).hexdigest(),
    ])
    text = "\n".join(["SDK-HMAC-SHA256", values["x-sdk-date"], hashlib.sha256(request.encode()).hexdigest()])
    signature = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    fields["Authorization"] = (
        f"SDK-HMAC-SHA256 Access={key}, SignedHeaders={';'.join(names)}, Signature={signature}")
    return fields


def tampering(world):
    """All that can be wrong with a signature."""
    with private(world) as found:
        host = f"127.0.0.1:{found.service.port}"
        path = f"/v3/{ACCOUNT}/backups"
        body = json.dumps({"instance_id": "quick", "name": "signed-by-hand"}).encode()
        other = json.dumps({"instance_id": "quick", "name": "changed-on-the-way"}).encode()
        query = [("limit", "10"), ("status", "COMPLETED"), ("instance_id", "quick & slow ~/"), ("offset", "0")]
        target = f"{path}?{urllib.parse.urlencode(query)}"

        def refused(what, method, where, content, fields):
            answer = found.ask(method, where, content, fields)
            same(answer.status, 401, f"{what}: {answer}")
            RDS.refusal(answer, 401)
            assert "Signature=" not in str(answer.body) and SECRET_KEY not in str(answer.body), answer

        good = signed("GET", path, query, b"", host)
        same(found.ask("GET", target, None, good).status, 200, "a list that is signed")
        turned = "&".join(reversed(target.split("?")[1].split("&")))
        same(found.ask("GET", f"{path}?{turned}", None, good).status, 200, "the query in another order")
        blanks = dict(good, **{"X-Project-Id": f"  {ACCOUNT} "})
        same(found.ask("GET", target, None, blanks).status, 200, "blanks around a value")
        escaped = path.replace("backups", "%62ackups")
        same(found.ask("GET", escaped, None, signed("GET", escaped, [], b"", host)).status, 200, "an escaped path")
        for minutes in (-14, 14):
            fields = signed("GET", path, query, b"", host, when=date(minutes))
            same(found.ask("GET", target, None, fields).status, 200, f"{minutes} minutes off")
        same(found.rows(), [], "backups so far")

        for minutes in (-16, 16, -60 * 24 * 400):
            refused(f"{minutes} minutes off", "GET", target, None, signed("GET", path, query, b"", host, when=date(minutes)))
        for when in ("", "now", "20261399T999999Z", date()[:-1], date() + "0", date().replace("T", " "), "٢" * 16):
            try:
                fields = signed("GET", path, query, b"", host, when=when or " ")
                fields["X-Sdk-Date"].encode("latin-1")
            except UnicodeEncodeError:
                continue
            refused(f"the date {when!r}", "GET", target, None, fields)
        refused("another date", "GET", target, None, dict(good, **{"X-Sdk-Date": date(1)}))
        refused("another query", "GET", target.replace("10", "11"), None, good)
        refused("one parameter more", "GET", target + "&more=1", None, good)
        refused("another path", "GET", path.replace(ACCOUNT, ACCOUNT[::-1]), None, signed("GET", path, [], b"", host))
        refused("another method", "DELETE", f"{path}/11111111-2222-3333-4444-555555555555", None,
                signed("GET", f"{path}/11111111-2222-3333-4444-555555555555", [], b"", host))
        refused("another header", "GET", target, None, dict(good, **{"X-Project-Id": "another"}))
        refused("another host", "GET", target, None, dict(good, Host="localhost"))
        refused("another content type", "GET", target, None, dict(good, **{"Content-Type": "text/plain"}))
        for names in (("x-sdk-date",), ("host",), (), ("content-type", "x-project-id"), ("hos", "x-sdk-date")):
            refused(f"only {names} is signed", "GET", target, None, signed("GET", path, query, b"", host, names=names))
        refused("a key of nobody", "GET", target, None, signed("GET", path, query, b"", host, key="NOBODY"))
        refused("a secret of nobody", "GET", target, None, signed("GET", path, query, b"", host, secret="x" * 20))
        line = good["Authorization"]
        for text in (
            line[:-1], line + "0", line.split(", Signature")[0], line.replace("Access=", "Access=x"),
            line.replace("SDK-HMAC-SHA256", "SDK-HMAC-SHA1"), line.replace("SDK-HMAC-SHA256", "AWS4-HMAC-SHA256"),
            line.replace(", ", ","[:0]), "SDK-HMAC-SHA256", "SDK-HMAC-SHA256 ", "SDK-HMAC-SHA256 " + "," * 1000,
            "SDK-HMAC-SHA256 Access=, SignedHeaders=, Signature=", line.split("Signature=")[0] + "Signature=" + "0" * 64,
        ):
            refused(f"the line {text[:60]!r}", "GET", target, None, dict(good, Authorization=text))

        # A body that is not the one that was signed.
        create = signed("POST", path, [], body, host)
        refused("another body", "POST", path, other, create)
        refused("no body", "POST", path, None, create)
        digest = hashlib.sha256(body).hexdigest()
        refused("another body, with the hash of the first", "POST", path, other,
                dict(create, **{"X-Sdk-Content-Sha256": digest}))
        names = tuple(sorted((*NAMES, "x-sdk-content-sha256")))
        refused("another body, with the hash of the first signed", "POST", path, other, signed(
            "POST", path, [], body, host, names, more={"X-Sdk-Content-Sha256": digest}, content=digest))
        refused("a body that is not signed at all", "POST", path, other, signed(
            "POST", path, [], body, host, more={"X-Sdk-Content-Sha256": "UNSIGNED-PAYLOAD"}, content="UNSIGNED-PAYLOAD"))
        same(found.rows(), [], "backups so far")
        answer = found.ask("POST", path, body, create)
        same(answer.status, 200, f"a create that is signed {answer}")
        found.finish(answer.json["backup"]["id"])
        refused("the same request again", "POST", path, body, create)
        same(len(found.rows()), 1, "backups")


SCENARIOS = {"signatures": tampering}
