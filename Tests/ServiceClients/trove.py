# SPDX-License-Identifier: Apache-2.0
"""Trove: python-troveclient over a session of keystoneauth1, as its own command line uses it."""
from servers import READING_TOKEN, TOKEN, Skipped, wait_until
from world import ACCOUNT, UUID, matches, same

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"


def client_of(world, token=TOKEN):
    try:
        from keystoneauth1 import session
        from keystoneauth1.token_endpoint import Token
        from troveclient.v1 import client
    except ImportError:
        raise Skipped("there is no python-troveclient") from None
    auth = Token(f"{world.service.address}/v1.0/{ACCOUNT}", token)
    return client.Client(session=session.Session(auth=auth))


def finish(client, backup, wanted="COMPLETED"):
    """Polls until a backup has ended."""
    found = wait_until(
        lambda: (row := client.backups.get(backup.id)).status in ("COMPLETED", "FAILED") and row, what="the backup")
    same(found.status, wanted, "the status")
    return found


def restore(world, client, source, backup, wanted):
    """Restores into the other database, and waits until it is the same."""
    made = world.restore(source, lambda: client.instances.create(
        source.target_id, flavor_id="1", volume={"size": 1}, restorePoint={"backupRef": backup.id}), wanted)
    same(made.id, source.target_id, "the instance")
    assert made.status and made.name, "the instance has no state"


def life(world):
    # Skips where there is no client.
    client = client_of(world)
    from troveclient.apiclient import exceptions

    source = world.sources["trove"]
    first_state = source.state
    # Names may hold blanks and repeat.
    full = client.backups.create("a name of Trove", source.id, description='a "description" of it')
    matches(full.id, UUID, "id")
    assert full.status in ("NEW", "BUILDING", "COMPLETED"), full.status
    same((full.name, full.description, full.instance_id), ("a name of Trove", 'a "description" of it', source.id), "row")
    same(full.parent_id, None, "parent_id")
    full = finish(client, full)
    matches(full.created, TIME, "created")
    matches(full.updated, TIME, "updated")
    assert isinstance(full.size, float) and 0 < full.size < 0.1, f"size in GB: {full.size}"
    assert full.locationRef and "z_CLOUDDB_BACKUPS" in full.locationRef, full.locationRef
    same(full.datastore["type"], source.engine, "datastore")
    same(full.project_id, ACCOUNT, "project_id")

    source.change(1)
    second_state = source.state
    assert second_state != first_state
    again = finish(client, client.backups.create("a name of Trove", source.id, incremental=True))
    same(again.parent_id, full.id, "the parent of an increment")
    source.change(2)
    third_state = source.state
    third = finish(client, client.backups.create("third", source.id, parent_id=again.id, incremental=True))
    same(third.parent_id, again.id, "the parent that was named")
    # A parent without the mark is one as well.
    fourth = finish(client, client.backups.create("fourth", source.id, parent_id=full.id))
    same(fourth.parent_id, full.id, "the parent without the mark")

    # All pages together are all rows, each once.
    seen, marker = [], None
    for _ in range(10):
        page = client.backups.list(limit=1, marker=marker, instance_id=source.id)
        same(len(page), 1, "rows of a page")
        seen += [row.id for row in page]
        marker = page.next
        if marker is None:
            break
    same(sorted(seen), sorted([full.id, again.id, third.id, fourth.id]), "the pages")
    same({row.id for row in client.instances.backups(source.id)}, set(seen), "the list of the instance")
    same({row.id for row in client.backups.list(instance_id=source.id)}, set(seen), "the list")
    same(len(client.backups.list(instance_id=source.target_id)), 0, "the list of another instance")

    restore(world, client, source, third, third_state)
    restore(world, client, source, again, second_state)
    restore(world, client, source, full, first_state)

    for error, attempt in [
        (exceptions.NotFound, lambda: client.backups.get("11111111-2222-3333-4444-555555555555")),
        (exceptions.NotFound, lambda: client.backups.get("no-uuid")),
        (exceptions.NotFound, lambda: client.backups.create("name", "no-instance")),
        (exceptions.NotFound, lambda: client.backups.create(
            "name", source.id, parent_id="11111111-2222-3333-4444-555555555555")),
        (exceptions.BadRequest, lambda: client.backups.create("", source.id)),
        (exceptions.BadRequest, lambda: client.backups.create("x" * 65, source.id)),
        (exceptions.BadRequest, lambda: client.backups.create("name", source.target_id, parent_id=full.id)),
        (exceptions.Unauthorized, lambda: client_of(world, "no-token-of-anybody").backups.list()),
        (exceptions.Forbidden, lambda: client_of(world, READING_TOKEN).backups.create("name", source.id)),
        (exceptions.Forbidden, lambda: client_of(world, READING_TOKEN).backups.delete(full.id)),
    ]:
        try:
            attempt()
        except error as refusal:
            assert refusal.message and refusal.message != "HTTP Client Error", f"no message: {refusal!r}"
        else:
            raise AssertionError(f"{error.__name__} was not raised")
    same(len(client_of(world, READING_TOKEN).backups.list(instance_id=source.id)), 4, "what a reader sees")

    # Deleting takes along what was made from it.
    client.backups.delete(again.id)
    wait_until(lambda: {row.id for row in client.backups.list(instance_id=source.id)} == {full.id, fourth.id},
               what="the deletion")
    client.backups.delete(full.id)
    wait_until(lambda: not client.backups.list(instance_id=source.id), what="the deletion")
    try:
        client.backups.get(fourth.id)
        raise AssertionError("a backup is there without its parent")
    except exceptions.NotFound:
        pass


SCENARIOS = {"trove": life}
