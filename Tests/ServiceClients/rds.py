# SPDX-License-Identifier: Apache-2.0
"""RDS: otcextensions over openstacksdk with a token, and Huawei's own SDK, which signs its requests."""
import datetime

from huawei import TIME, build, refuse
from servers import READING_TOKEN, TOKEN, Skipped, wait_until
from world import ACCOUNT, UUID, has_keys, matches, same


def openstack(world, token=TOKEN):
    try:
        from keystoneauth1 import session
        from keystoneauth1.token_endpoint import Token
        from openstack.connection import Connection
        from otcextensions import sdk
    except ImportError:
        raise Skipped("there is no otcextensions") from None
    address = f"{world.service.address}/v3/{ACCOUNT}"
    connection = Connection(
        session=session.Session(auth=Token(address, token)), rds_endpoint_override=address, rds_api_version="3",
        config=None)
    sdk.register_otc_extensions(connection)
    return connection.rds


def with_token(world):
    client = openstack(world)
    from openstack import exceptions
    from otcextensions.sdk.rds.v3.instance import Instance

    source = world.sources["rds"]
    first_state = source.state
    first = client.create_backup(source.id, name="rds-first", description="made by a test")
    matches(first.id, UUID, "id")
    same((first.name, first.instance_id, first.type), ("rds-first", source.id, "manual"), "row")
    assert first.status in ("BUILDING", "COMPLETED"), first.status
    matches(first.begin_time, TIME, "begin_time")
    first = client.wait_for_backup(first, interval=1, wait=60)
    same(first.status, "COMPLETED", "status")
    matches(first.end_time, TIME, "end_time")
    assert isinstance(first.size, int) and first.size > 0, f"size in KB: {first.size!r}"
    has_keys(first.datastore, ["type", "version"], "datastore")
    names = ["rds-first"]
    # One state after another; what the names say comes back by them.
    for number in (1, 2, 3):
        source.change(number)
        made = client.create_backup(source.id, name=f"rds-{number}")
        client.wait_for_backup(made, interval=1, wait=60)
        names.append(f"rds-{number}")
    last_state = source.state
    for limit in (None, 1, 2, 3, 4, 100):
        more = {} if limit is None else {"limit": limit}
        rows = [row.name for row in client.backups(source.id, **more)]
        same(sorted(rows), sorted(names), f"all pages with limit {limit}")
    by_name = client.find_backup("rds-2", source.id)
    same(by_name.name, "rds-2", "a backup found by name")
    same(client.find_backup(by_name.id, source.id).id, by_name.id, "a backup found by id")
    same(client.find_backup("no-such-name", source.id), None, "a backup that is not there")
    now = datetime.datetime.now(datetime.timezone.utc)

    def text(minutes):
        return (now + datetime.timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S+0000")

    same(len(list(client.backups(source.id, begin_time=text(-60), end_time=text(60)))), 4, "backups of two hours")
    same(len(list(client.backups(source.id, begin_time=text(-120), end_time=text(-60)))), 0, "backups of an hour ago")
    same(len(list(client.backups(source.id, type="manual"))), 4, "manual backups")
    same(len(list(client.backups(source.id, type="auto"))), 0, "automated backups")
    links = list(client.backup_download_links(first.id))
    same(len(links), 1, "files")
    assert links[0].name and links[0].size > 0, "a file without name or size"

    # This client restores an instance from its own backups.
    last = client.find_backup("rds-3", source.id)
    source.change(99)
    assert source.state != last_state
    instance = Instance.existing(id=source.id)
    assert client.restore_instance(instance, backup=last), "a restore has no job_id"
    wait_until(lambda: source.holds(last_state), what="the restored database")
    world.settle(source.id)
    assert client.restore_instance(instance, backup=first)
    wait_until(lambda: source.holds(first_state), what="the database of the first backup")
    world.settle(source.id)

    refused(exceptions.BadRequestException, lambda: client.create_backup(source.id, name="1-no-letter-first"))
    refused(exceptions.BadRequestException, lambda: client.create_backup(source.id, name="abc"))
    refused(exceptions.BadRequestException, lambda: client.create_backup(source.id, name="x" * 65))
    refused(exceptions.BadRequestException, lambda: client.create_backup(source.id, name="valid", description="a & b"))
    refused(exceptions.ConflictException, lambda: client.create_backup(source.id, name="rds-1"))
    refused(exceptions.NotFoundException, lambda: client.create_backup("no-instance", name="valid"))
    refused(exceptions.NotFoundException,
            lambda: client.delete_backup("11111111-2222-3333-4444-555555555555", ignore_missing=False))
    refused(exceptions.HttpException,
            lambda: openstack(world, READING_TOKEN).create_backup(source.id, name="valid"), 403)
    refused(exceptions.HttpException, lambda: list(openstack(world, "nobodys-token").backups(source.id)), 401)
    for name in names:
        client.delete_backup(client.find_backup(name, source.id).id, ignore_missing=False)
    same(list(client.backups(source.id)), [], "the list after all were deleted")
    # A deleted name is free again.
    again = client.create_backup(source.id, name="rds-1")
    client.wait_for_backup(again, interval=1, wait=60)
    client.delete_backup(again)


def refused(error, attempt, status=None):
    """Fails unless the client raises what it has for a refusal, with the service's own words."""
    try:
        attempt()
    except error as refusal:
        text = f"{refusal} {getattr(refusal, 'details', '')}"
        assert "DBS." in text or len(text) > 20, f"no message: {text}"
        if status is not None:
            same(refusal.status_code, status, "the status")
    else:
        raise AssertionError(f"{error.__name__} was not raised")


def with_signature(world):
    try:
        import huaweicloudsdkrds.v3 as rds
    except ImportError:
        raise Skipped("there is no huaweicloudsdkrds") from None

    source = world.sources["rdssigned"]
    client = build(rds.RdsClient, world)

    def rows(**more):
        return client.list_backups(rds.ListBackupsRequest(instance_id=source.id, **more))

    def create(name, description=None, databases=None):
        body = rds.CreateManualBackupRequestBody(
            instance_id=source.id, name=name, description=description, databases=databases)
        return client.create_manual_backup(rds.CreateManualBackupRequest(body=body)).backup

    def finish(backup):
        found = wait_until(
            lambda: (row := rows(backup_id=backup.id).backups[0]).status in ("COMPLETED", "FAILED") and row,
            what="the backup")
        same(found.status, "COMPLETED", "status")
        return found

    first_state = source.state
    first = create("signed-first", "Übung, über alles: 100% (so)", [rds.BackupDatabase(name="orders")])
    matches(first.id, UUID, "id")
    same(first.description, "Übung, über alles: 100% (so)", "description")
    same([database.name for database in first.databases], ["orders"], "databases")
    row = finish(first)
    same((row.name, row.type, row.instance_id), ("signed-first", "manual", source.id), "row")
    assert isinstance(row.size, int) and row.size > 0, row.size
    matches(row.begin_time, TIME, "begin_time")
    matches(row.end_time, TIME, "end_time")
    source.change(1)
    second_state = source.state
    second = finish(create("signed-second"))
    page = rows(offset=1, limit=1)
    same((len(page.backups), page.total_count), (1, 2), "a page")
    same([row.name for row in rows(status="COMPLETED", backup_type="manual").backups],
         ["signed-second", "signed-first"], "rows by status and type")
    same(rows(status="FAILED").backups, [], "failed rows")
    same(len(rows(begin_time="2020-01-01T00:00:00+0000", end_time="2100-01-01T00:00:00+0100").backups), 2, "by time")
    same(rows(backup_id="a name").backups, [], "a name in place of an id")
    files = client.show_backup_download_link(rds.ShowBackupDownloadLinkRequest(backup_id=second.id))
    assert files.files[0].size > 0 and files.bucket, "no files"

    def recover(backup):
        body = rds.RestoreToExistingInstanceRequestBody(
            source=rds.RestoreToExistingInstanceRequestBodySource(
                instance_id=source.id, type="backup", backup_id=backup.id),
            target=rds.RestoreToExistingInstanceRequestBodyTarget(instance_id=source.target_id))
        return client.restore_to_existing_instance(rds.RestoreToExistingInstanceRequest(body=body)).job_id

    for backup, wanted in ((second, second_state), (first, first_state)):
        assert world.restore(source, lambda: recover(backup), wanted), "a restore has no job_id"

    refuse(400, lambda: create("no blanks"))
    refuse(409, lambda: create("signed-first"))
    stranger = build(rds.RdsClient, world, "another-secret-key-0000")
    refuse(401, lambda: stranger.list_backups(rds.ListBackupsRequest(instance_id=source.id)))
    refuse(404, lambda: client.delete_manual_backup(
        rds.DeleteManualBackupRequest(backup_id="11111111-2222-3333-4444-555555555555")))
    for backup in (first, second):
        client.delete_manual_backup(rds.DeleteManualBackupRequest(backup_id=backup.id))
    same(rows().total_count, 0, "rows after all were deleted")


SCENARIOS = {"rds": with_token, "rds-signed": with_signature}
