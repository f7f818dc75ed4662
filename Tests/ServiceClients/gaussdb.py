# SPDX-License-Identifier: Apache-2.0
"""GaussDB for MySQL: Huawei's own SDK, which leaves the first segment of the path out, and plain HTTP, which does not."""
from huawei import TIME, build, refuse
from servers import Skipped, wait_until
from world import ACCOUNT, OPENSTACK_AUTHORIZATION, UUID, has_keys, matches, same


def life(world):
    try:
        import huaweicloudsdkgaussdb.v3 as gaussdb
    except ImportError:
        raise Skipped("there is no huaweicloudsdkgaussdb") from None

    source = world.sources["gaussdb"]
    client = build(gaussdb.GaussDBClient, world)

    def rows(**more):
        return client.show_gauss_my_sql_backup_list(
            gaussdb.ShowGaussMySqlBackupListRequest(instance_id=source.id, **more))

    def create(name, description=None):
        body = gaussdb.MysqlCreateBackupRequest(instance_id=source.id, name=name, description=description)
        return client.create_gauss_my_sql_backup(gaussdb.CreateGaussMySqlBackupRequest(body=body)).backup

    def finish(backup_id):
        found = wait_until(
            lambda: (row := rows(backup_id=backup_id).backups[0]).status in ("COMPLETED", "AVAILABLE", "FAILED") and row,
            what="the backup")
        assert found.status in ("COMPLETED", "AVAILABLE"), found.status
        return found

    first_state = source.state
    first = create("gauss-first", "made by a test")
    matches(first.id, UUID, "id")
    same((first.name, first.description, first.instance_id, first.type),
         ("gauss-first", "made by a test", source.id, "manual"), "row")
    matches(first.begin_time, TIME, "begin_time")
    row = finish(first.id)
    matches(row.end_time, TIME, "end_time")
    assert isinstance(row.take_up_time, int), row.take_up_time
    assert 0 < row.size < 100, f"size in MB: {row.size}"
    same(row.instance_name, source.name, "instance_name")
    assert row.datastore.type and row.datastore.version, "no datastore"

    # The path as the documents have it, with a token.
    source.change(1)
    second_state = source.state
    path = f"/mysql/v3/{ACCOUNT}/backups"
    answer = world.ask(
        "POST", f"{path}/create", {"instance_id": source.id, "name": "gauss-second"}, OPENSTACK_AUTHORIZATION, token=None)
    same(answer.status, 200, f"the documents' create {answer}")
    has_keys(answer.json, ["backup"], "a created backup")
    second = answer.json["backup"]["id"]
    finish(second)
    listed = world.ask(
        "GET", f"{path}?instance_id={source.id}&offset=0&limit=1", headers=OPENSTACK_AUTHORIZATION, token=None).json
    same((listed["total_count"], [row["name"] for row in listed["backups"]]), (2, ["gauss-second"]), "the documents' list")
    page = rows(offset="1", limit="1")
    same((page.total_count, [row.name for row in page.backups]), (2, ["gauss-first"]), "a page")
    same(rows(backup_id="a name").backups, [], "a name in place of an id")
    same([row.name for row in rows(name="gauss-first").backups], ["gauss-first"], "a list by name")
    same(len(rows(begin_time="2020-01-01T00:00:00+0000", end_time="2100-01-01T00:00:00+0100").backups), 2, "by time")

    def recover(backup_id):
        body = gaussdb.RestoreRequest(
            target_instance_id=source.target_id, source_instance_id=source.id, backup_id=backup_id, type="backup")
        return client.restore_old_instance(gaussdb.RestoreOldInstanceRequest(body=body)).job_id

    for backup, wanted in ((second, second_state), (first.id, first_state)):
        assert world.restore(source, lambda: recover(backup), wanted), "a restore has no job_id"

    refuse(400, lambda: create("-no-letter"))
    refuse(409, lambda: create("gauss-first"))
    refuse(404, lambda: client.delete_gauss_my_sql_backup(
        gaussdb.DeleteGaussMySqlBackupRequest(backup_id="11111111-2222-3333-4444-555555555555")))
    client.delete_gauss_my_sql_backup(gaussdb.DeleteGaussMySqlBackupRequest(backup_id=first.id))
    answer = world.ask("DELETE", f"{path}/{second}", None,
                       {**OPENSTACK_AUTHORIZATION, "Content-Type": "application/json"}, token=None)
    same(answer.status, 200, "the documents' delete")
    same(rows().total_count, 0, "rows after all were deleted")


SCENARIOS = {"gaussdb": life}
