# SPDX-License-Identifier: Apache-2.0
"""The document of the PlanetScale interface, held against the service by schemathesis."""
import os
import subprocess
import sys

from private import private
from servers import SERVICE_ID, SERVICE_SECRET, Skipped
from world import ACCOUNT

DOCUMENT = os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "..", "..", "Documentation", "planetscale-openapi.json")
SETTINGS = f"""
[parameters]
"path.organization" = "{ACCOUNT}"
"path.database" = "shop"
"path.branch" = "quick"

[checks.positive_data_acceptance]
# One backup of a branch at a time, and emergency backups of PostgreSQL only: the document cannot say it in a schema.
expected-statuses = ["2xx", 401, 403, 404, 422, 429]
"""


def contract(world, examples=60):
    program = os.path.join(os.path.dirname(sys.executable), "schemathesis")
    if not os.path.exists(program):
        raise Skipped("there is no schemathesis")
    with private(world) as found:
        settings = os.path.join(found.folder, "schemathesis.toml")
        with open(settings, "w", encoding="utf-8") as file:
            file.write(SETTINGS)
        done = subprocess.run(
            [program, "--config-file", settings, "run", DOCUMENT, "--url", found.service.address,
             "--header", f"Authorization: {SERVICE_ID}:{SERVICE_SECRET}", "--checks", "all", "--max-examples",
             str(examples), "--seed", os.environ.get("CODECKIT_SEED", "20260101"), "--continue-on-failure",
             "--no-color"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=found.folder, timeout=1200)
        print(done.stdout[-12000:])
        assert done.returncode == 0, "schemathesis has found something"
        found.service.verify()


SCENARIOS = {"schemathesis": contract}
