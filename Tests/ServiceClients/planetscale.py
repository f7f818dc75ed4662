# SPDX-License-Identifier: Apache-2.0
"""PlanetScale: plain HTTP as planetscale-go sends it, and reads it: unknown fields break nothing, times must parse."""
import datetime

from servers import READING_SERVICE_ID, READING_SERVICE_SECRET, SERVICE_ID, TOKEN, wait_until
from world import ACCOUNT, PLANETSCALE_AUTHORIZATION, UUID, has_keys, matches, same

ROW = {
    "id", "name", "state", "size", "estimated_storage_cost", "created_at", "updated_at", "started_at", "expires_at",
    "completed_at", "deleted_at", "pvc_size", "protected", "required", "restored_branches", "actor", "backup_policy",
    "schema_snapshot", "database_branch",
}
PARTS = {"actor": 3, "backup_policy": 15, "schema_snapshot": 6, "database_branch": 5}
LIST = {"type", "current_page", "next_page", "next_page_url", "prev_page", "prev_page_url", "data"}
NEVER = "0001-01-01T00:00:00Z"


def send(world, method, path, body=None, headers=None):
    """A request as the Go client makes it: a service token without a scheme, JSON said of every request."""
    fields = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "planetscale-go/v0.1.0",
              "Accept-Encoding": "gzip", **PLANETSCALE_AUTHORIZATION, **(headers or {})}
    return world.ask(method, path, body, {name: value for name, value in fields.items() if value}, token=None)


def time(text):
    """A time as Go parses it: RFC 3339, and nothing else."""
    matches(text, r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", "a time")
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def check_row(row, what):
    has_keys(row, ROW, what)
    for key, count in PARTS.items():
        same(len(row[key]), count, f"the fields of {key}")
    for key in ("created_at", "updated_at", "started_at", "expires_at", "completed_at", "deleted_at"):
        time(row[key])
    assert None not in row.values(), f"{what} has a null: {row}"
    for part in PARTS:
        assert None not in row[part].values(), f"{part} has a null: {row[part]}"
    return row


def refused(answer, status, code):
    same(answer.status, status, f"the status of {answer}")
    has_keys(answer.json, ["code", "message"], "a refusal")
    same(answer.json["code"], code, f"the code of {answer}")


def life(world):
    source = world.sources["planetscale"]
    base = f"/v1/organizations/{ACCOUNT}/databases/{source.dialect}/branches"
    path = f"{base}/{source.branch}/backups"

    def finish(backup):
        row = wait_until(
            lambda: (row := send(world, "GET", f"{path}/{backup['id']}").json)["state"] in ("success", "failed") and row,
            what="the backup")
        same(row["state"], "success", "the state")
        return check_row(row, "a backup")

    def create(body=None):
        answer = send(world, "POST", path, body)
        same(answer.status, 201, f"create {answer}")
        return check_row(answer.json, "a created backup")

    def restore(backup):
        answer = send(world, "POST", base,
                      {"name": source.target_branch, "parent_branch": source.branch, "backup_id": backup["id"]})
        same(answer.status, 201, f"restore {answer}")
        return answer

    first_state = source.state
    first = create({"retention_unit": "month", "retention_value": 1, "name": "a first backup"})
    matches(first["id"], UUID, "id")
    assert first["state"] in ("pending", "running", "success"), first["state"]
    same(first["name"], "a first backup", "name")
    first = finish(first)
    made, end = time(first["created_at"]), time(first["expires_at"])
    assert 28 <= (end - made).days <= 31, f"a month from {made} to {end}"
    assert first["size"] > 0 and first["completed_at"] != NEVER and first["deleted_at"] == NEVER, first
    same(first["database_branch"]["name"], source.branch, "the branch")
    source.change(1)
    second_state = source.state
    # No body at all.
    second = finish(create())
    assert second["name"], "no name was made up"
    same(second["expires_at"], NEVER, "the end of what is kept")
    third = finish(create({}))

    seen = []
    page = 1
    while page:
        answer = send(world, "GET", f"{path}?page={page}&per_page=2").json
        has_keys(answer, LIST, "a list")
        same((answer["type"], answer["current_page"]), ("list", page), "the page")
        seen += [check_row(row, "a row")["id"] for row in answer["data"]]
        page = answer["next_page"]
        assert (answer["next_page_url"] is None) == (page is None), "the next page and its address differ"
    same(sorted(seen), sorted([first["id"], second["id"], third["id"]]), "all pages")

    for backup, wanted in ((second, second_state), (first, first_state)):
        answer = world.restore(source, lambda: restore(backup), wanted)
        same(answer.json["name"], source.target_branch, "the branch")
        time(answer.json["created_at"])
        time(answer.json["updated_at"])

    for body in (
        [], 7, '"text"', True, {"unknown": 1}, {"name": 7}, {"retention_value": "1", "retention_unit": "day"}, {"emergency": "yes"},
        {"retention_unit": "day", "retention_value": 0}, {"retention_unit": "day", "retention_value": 1001},
        {"retention_unit": "fortnight", "retention_value": 1}, {"retention_unit": "day"}, {"retention_value": 1},
    ):
        answer = send(world, "POST", path, body)
        assert answer.json["code"] in ("invalid_params", "unprocessable"), f"{body}: {answer}"
        refused(answer, 422, answer.json["code"])
    if source.engine != "postgresql":
        same(send(world, "POST", path, {"emergency": True}).status, 422, "an emergency of another database")
    else:
        finish(create({"emergency": True}))
    refused(send(world, "GET", f"{path}/11111111-2222-3333-4444-555555555555"), 404, "not_found")
    refused(send(world, "GET", f"{path}/no-uuid"), 404, "not_found")
    refused(send(world, "GET", f"{base}/no-branch/backups"), 404, "not_found")
    refused(send(world, "GET", f"/v1/organizations/another/databases/{source.dialect}/branches/{source.branch}/backups"),
            404, "not_found")
    refused(send(world, "GET", path, headers={"Authorization": ""}), 401, "unauthorized")
    refused(send(world, "GET", path, headers={"Authorization": f"{SERVICE_ID}:wrong"}), 401, "unauthorized")
    reader = {"Authorization": f"{READING_SERVICE_ID}:{READING_SERVICE_SECRET}"}
    same(send(world, "GET", path, headers=reader).status, 200, "what a reader may")
    refused(send(world, "POST", path, {}, headers=reader), 403, "forbidden")
    refused(send(world, "DELETE", f"{path}/{first['id']}", headers=reader), 403, "forbidden")
    same(send(world, "GET", path, headers={"Authorization": f"Bearer {TOKEN}"}).status, 200, "a bearer")
    same(send(world, "PUT", path, {}).status, 405, "another method")

    # The Go client says JSON of a DELETE that has no body.
    for row in send(world, "GET", path).json["data"]:
        answer = send(world, "DELETE", f"{path}/{row['id']}")
        same((answer.status, answer.body), (204, b""), "the deletion")
    same(send(world, "GET", path).json["data"], [], "the list after all were deleted")


SCENARIOS = {"planetscale": life}
