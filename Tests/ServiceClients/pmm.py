# SPDX-License-Identifier: Apache-2.0
"""PMM: plain HTTP in the form of its gateway, since its own client is not packaged."""
import base64

from servers import READING_TOKEN, TOKEN, wait_until
from world import RFC3339, UUID, has_keys, matches, same

ROW = {
    "artifact_id", "name", "vendor", "location_id", "location_name", "service_id", "service_name", "data_model",
    "status", "created_at", "mode", "metadata_list", "compression",
}
MYSQL = ["DEFAULT", "QUICKLZ", "ZSTD", "LZ4", "NONE"]
MONGODB = ["DEFAULT", "GZIP", "SNAPPY", "LZ4", "S2", "PGZIP", "ZSTD", "NONE"]
ALL = ["DEFAULT", "NONE", "QUICKLZ", "ZSTD", "LZ4", "S2", "GZIP", "SNAPPY", "PGZIP"]


def artifacts(world, source):
    rows = world.ask("GET", "/v1/backups/artifacts").json.get("artifacts", [])
    return {row["artifact_id"]: row for row in rows if row["service_id"] == source.id}


def finish(world, source, artifact, wanted="BACKUP_STATUS_SUCCESS"):
    ended = ("BACKUP_STATUS_SUCCESS", "BACKUP_STATUS_ERROR")
    row = wait_until(
        lambda: (row := artifacts(world, source)[artifact])["status"] in ended and row, what="the artifact")
    same(row["status"], wanted, "the status")
    return row


def refused(answer, status, code, detail=None):
    """Fails unless a refusal has the gateway's form."""
    same(answer.status, status, f"the status of {answer}")
    body = answer.json
    same(body.get("code"), code, f"the code of {answer}")
    assert body.get("message") and body.get("error") == body["message"], f"no message: {answer}"
    if detail:
        same([entry.get("code") for entry in body.get("details", [])], [detail], "the details")
        same(body["details"][0]["@type"], "type.googleapis.com/backup.v1.Error", "their type")


def start(world, source, **more):
    return world.ask(
        "POST", "/v1/backups:start", {"service_id": source.id, "location_id": "first", **more})


def life(world):
    source = world.sources["pmm"]
    same(artifacts(world, source), {}, "artifacts before the first")
    same([row for row in world.ask("GET", "/v1/backups/restores").json.get("items", [])
          if row["service_id"] == source.target_id], [], "restores before the first")
    location = world.ask("GET", "/v1/backups/locations").json["locations"][0]
    same((location["location_id"], location["name"]), ("first", "the first location"), "the location")
    methods = world.ask("GET", f"/v1/backups/services/{source.id}/compression").json["compression_methods"]
    wanted = MYSQL if source.engine == "mysql" else ALL
    same(sorted(methods), sorted(f"BACKUP_COMPRESSION_{name}" for name in wanted), "the compressions")

    first_state = source.state
    made = []
    for number, name in enumerate(wanted):
        if number:
            source.change(number)
        answer = start(world, source, name=f"with {name}", compression=f"BACKUP_COMPRESSION_{name}", retries=1,
                       retry_interval="1s", description="a <description>")
        same(answer.status, 200, f"start {answer}")
        has_keys(answer.json, ["artifact_id"], "start")
        matches(answer.json["artifact_id"], UUID, "artifact_id")
        row = finish(world, source, answer.json["artifact_id"])
        has_keys(row, ROW, "a row", ["folder"])
        same(row["name"], f"with {name}", "name")
        if name != "DEFAULT":
            same(row["compression"], f"BACKUP_COMPRESSION_{name}", "compression")
        same((row["mode"], row["data_model"]), ("BACKUP_MODE_SNAPSHOT", "DATA_MODEL_LOGICAL"), "mode and model")
        matches(row["created_at"], RFC3339, "created_at")
        assert row["metadata_list"][0]["file_list"][0]["name"], "no file"
        made.append((row["artifact_id"], source.state))
    # A colon may be escaped; no name is one that is made up.
    answer = world.ask("POST", "/v1/backups%3Astart", {"service_id": source.id, "location_id": "first", "name": ""})
    same(answer.status, 200, f"an escaped colon {answer}")
    assert finish(world, source, answer.json["artifact_id"])["name"], "no name was made up"
    made.append((answer.json["artifact_id"], source.state))

    log = world.ask("GET", f"/v1/backups/{made[0][0]}/logs?offset=0&limit=100").json
    same(log["end"], True, "the end of the log")
    # Zero is left out as any other empty value.
    same([line.get("chunk_id", 0) for line in log["logs"]], list(range(len(log["logs"]))), "the numbers of the lines")
    assert log["logs"] and all(line["data"] for line in log["logs"]), log
    rest = world.ask("GET", f"/v1/backups/{made[0][0]}/logs?offset=1").json
    same(rest.get("logs", []), log["logs"][1:], "the rest of the log")

    for artifact, wanted_state in (made[-1], made[1], made[0]):
        source.server.wipe(source.target_database)
        answer = world.ask(
            "POST", "/v1/backups/restores:start", {"service_id": source.target_id, "artifact_id": artifact})
        same(answer.status, 200, f"restore {answer}")
        restore = answer.json["restore_id"]
        row = wait_until(
            lambda: (row := next(
                row for row in world.ask("GET", "/v1/backups/restores").json["items"]
                if row["restore_id"] == restore))["status"] != "RESTORE_STATUS_IN_PROGRESS" and row, what="the restore")
        same(row["status"], "RESTORE_STATUS_SUCCESS", "the status of the restore")
        same((row["artifact_id"], row["service_id"]), (artifact, source.target_id), "the row of the restore")
        matches(row["started_at"], RFC3339, "started_at")
        matches(row["finished_at"], RFC3339, "finished_at")
        same(source.target_state, wanted_state, "the restored database")
        log = world.ask("GET", f"/v1/backups/restores/{restore}/logs").json
        assert log["logs"] and log["end"], log
    same(made[0][1], first_state, "the state of the first")

    refuse(world, source)
    for artifact, _ in made:
        answer = world.ask("DELETE", f"/v1/backups/artifacts/{artifact}?remove_files=true")
        same((answer.status, answer.json), (200, {}), "the deletion")
    same(artifacts(world, source), {}, "the list after all were deleted")


def refuse(world, source):
    """All refusals."""
    detail = "ERROR_CODE_INVALID_COMPRESSION"
    refused(start(world, source, compression="BACKUP_COMPRESSION_INVALID"), 400, 3, detail)
    if source.engine == "mysql":
        for name in set(ALL) - set(MYSQL):
            refused(start(world, source, compression=f"BACKUP_COMPRESSION_{name}"), 400, 3, detail)
    for path, body in [
        ("/v1/backups:start", {"location_id": "first"}),
        ("/v1/backups:start", {"service_id": "", "location_id": "first"}),
        ("/v1/backups:start", {"service_id": source.id}),
        ("/v1/backups:start", {"service_id": source.id, "location_id": "first", "retries": -1}),
        ("/v1/backups:start", {"service_id": source.id, "location_id": "first", "retries": 4294967296}),
        ("/v1/backups:start", {"service_id": source.id, "location_id": "first", "retry_interval": "soon"}),
        ("/v1/backups:start", {"service_id": source.id, "location_id": "first", "retry_interval": 60}),
        ("/v1/backups:start", {"service_id": 7, "location_id": "first"}),
        ("/v1/backups/restores:start", {"service_id": source.id}),
    ]:
        answer = world.ask("POST", path, body)
        same(answer.status, 400, f"{body}: {answer}")
        assert answer.json["code"] in (3, 9, 11), answer
    refused(world.ask("POST", "/v1/backups:start", {"service_id": "nobody", "location_id": "first"}), 404, 5)
    refused(world.ask("POST", "/v1/backups:start", {"service_id": source.id, "location_id": "nowhere"}), 404, 5)
    refused(world.ask("DELETE", "/v1/backups/artifacts/11111111-2222-3333-4444-555555555555?remove_files=true"), 404, 5)
    refused(world.ask("GET", "/v1/backups/artifacts", token=None), 401, 16)
    refused(world.ask("GET", "/v1/backups/artifacts", token="nobodys-token-at-all"), 401, 16)
    body = {"service_id": source.id, "location_id": "first"}
    refused(world.ask("POST", "/v1/backups:start", body, token=READING_TOKEN), 403, 7)
    basic = base64.b64encode(f"anybody:{TOKEN}".encode()).decode()
    same(world.ask("GET", "/v1/backups/artifacts", headers={"Authorization": f"Basic {basic}"}, token=None).status, 200,
         "a password in place of a token")


SCENARIOS = {"pmm": life}
