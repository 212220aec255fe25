"""Backups against a real PostgreSQL and its real programs: what was dumped comes back, and nothing half-done."""

import gzip
import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from accounts import audit
from accounts.models import SYSTEM, AuditEvent, User
from accounts.tokens import issue_tokens
from jobs.models import Job
from jobs.running import run_job
from litellm_sync import outbox
from litellm_sync.models import GatewayObject
from litemaas.crypto import columns
from portal.backups import servers, services, store
from portal.backups.errors import BackupDamaged, BackupNotFound, BackupNotRestorable
from portal.backups.kept import restored_counts
from subscriptions.models import Subscription
from tests.factories import SubscriptionFactory, UserFactory
from usage.partitions import ensure_partitions, partition_months

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def folder(settings, tmp_path) -> Path:
    settings.BACKUP_DIR = str(tmp_path)
    return tmp_path


def make(database="litemaas"):
    job = services.start_backup(actor=SYSTEM, database=database, now=timezone.now())
    return finished(job)


def finished(job):
    run_job(job.pk)
    job.refresh_from_db()
    assert job.state == Job.State.SUCCEEDED, job.error
    return store.backup_of(job.arguments["backupId"]) if job.kind == services.MAKE else job.result


def restore(backup):
    return finished(
        services.start_restore(
            actor=SYSTEM, backup_id=backup.id, database=backup.database, now=timezone.now()
        )
    )


def test_a_restore_brings_back_what_was_and_takes_away_what_came_after():
    early = SubscriptionFactory.create(user__full_name="tab\tnewline\nback\\slash 'quote' \N{SNOWMAN}")
    backup = make()
    late = UserFactory.create()
    User.objects.filter(pk=early.user_id).update(full_name="changed")
    Subscription.objects.all().delete()
    result = restore(backup)
    assert result["success"]
    assert result["rowsRestored"] == sum(restored_counts(backup).values())
    assert User.objects.get(pk=early.user_id).full_name == "tab\tnewline\nback\\slash 'quote' \N{SNOWMAN}"
    assert Subscription.objects.get().pk == early.pk
    assert not User.objects.filter(pk=late.pk).exists()


def test_the_audit_record_and_ended_sign_ins_do_not_go_back():
    user = UserFactory.create()
    backup = make()
    issue_tokens(user, signed_in_at=timezone.now())
    late = UserFactory.create()
    issue_tokens(late, signed_in_at=timezone.now())
    row = audit.record("LOGIN", actor=late, obj=late, at=timezone.now())
    restore(backup)
    assert AuditEvent.objects.filter(pk=row.pk).exists()
    states = AuditEvent.objects.filter(action="backup:restore").order_by("id")
    assert [event.metadata["state"] for event in states] == ["asked", "done"]
    # A sign-in of somebody who is no more has gone with them, the other one is still known.
    assert set(user.sign_ins.model.objects.values_list("user_id", flat=True)) == {user.pk}


def test_new_rows_do_not_collide_with_restored_ones():
    users = UserFactory.create_batch(3)
    with transaction.atomic():
        outbox.mark_dirty("user", [user.pk for user in users[:2]], now=timezone.now())
    restore(make())
    with transaction.atomic():
        outbox.mark_dirty("user", users[2].pk, now=timezone.now())
    assert GatewayObject.objects.filter(kind="user").count() == 3


def test_months_of_the_ledger_that_are_no_more_are_made_again():
    month = datetime(2020, 2, 1, tzinfo=UTC)
    ensure_partitions([month])
    backup = make()
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE usage_logs_2020_02, usage_quarters_2020_02")
    restore(backup)
    assert month in dict(partition_months("usage_logs")).values()
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE usage_logs_2020_02, usage_quarters_2020_02")


def test_a_backup_is_sealed_on_disk_and_plain_pg_dump_inside(folder):
    UserFactory.create(username="findme-in-the-dump")
    backup = make()
    on_disk = (folder / f"{backup.id}.sealed").read_bytes()
    assert b"findme-in-the-dump" not in on_disk
    content = b"".join(backup.content())
    dump = gzip.decompress(content)
    assert dump.startswith(b"PGDMP")
    assert b"findme-in-the-dump" in dump
    assert len(content) == backup.content_size
    server = servers.server_of("litemaas")
    with server.connection() as opened:
        programs = servers.programs_for(servers.version_of(opened))
    told = subprocess.run([programs("pg_restore"), "--list"], input=dump, capture_output=True, check=True)
    assert b"TABLE DATA public users" in told.stdout
    assert backup.row_counts["public.users"] == User.objects.count()


@pytest.mark.parametrize("where", [100, -1])
def test_a_damaged_file_is_refused_and_changes_nothing(folder, where):
    backup = make()
    path = folder / f"{backup.id}.sealed"
    content = bytearray(path.read_bytes())
    content[where] ^= 1
    path.write_bytes(content)
    user = UserFactory.create()
    job = services.start_restore(actor=SYSTEM, backup_id=backup.id, database="litemaas", now=timezone.now())
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.error) == ("failed", BackupDamaged.default_message)
    assert User.objects.filter(pk=user.pk).exists()
    with pytest.raises(BackupDamaged):
        b"".join(backup.content())


def test_a_file_that_was_cut_off_does_not_open(folder):
    backup = make()
    path = folder / f"{backup.id}.sealed"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(BackupDamaged):
        b"".join(backup.content())


def test_a_restore_that_fails_half_way_changes_nothing(folder):
    UserFactory.create()
    backup = make()
    manifest = folder / f"{backup.id}.json"
    facts = json.loads(manifest.read_text())
    # As if a row had been lost: the check at the end of the transaction finds it.
    facts["row_counts"]["public.users"] += 1
    manifest.write_text(json.dumps(facts))
    late = UserFactory.create()
    job = services.start_restore(actor=SYSTEM, backup_id=backup.id, database="litemaas", now=timezone.now())
    run_job(job.pk)
    job.refresh_from_db()
    assert job.state == "failed"
    assert "public.users are not complete" in job.error
    assert User.objects.filter(pk=late.pk).exists()


def test_a_backup_of_other_tables_is_not_restored(folder):
    backup = make()
    manifest = folder / f"{backup.id}.json"
    facts = json.loads(manifest.read_text())
    facts["migrations"].append("portal.9999_later")
    manifest.write_text(json.dumps(facts))
    with pytest.raises(BackupNotRestorable):
        services.start_restore(actor=SYSTEM, backup_id=backup.id, database="litemaas", now=timezone.now())


def test_a_trial_restores_beside_and_leaves_nothing():
    UserFactory.create()
    backup = make()
    job = services.start_trial(
        actor=SYSTEM, backup_id=backup.id, database="litemaas", name="try_me", keeps=False, now=timezone.now()
    )
    result = finished(job)
    assert (result["success"], result["testSchema"]) == (True, "try_me")
    assert result["rowsRestored"] == sum(backup.row_counts.values())
    with servers.server_of("litemaas").connection() as opened:
        assert opened.execute("SELECT 1 FROM pg_database WHERE datname = 'try_me'").fetchone() is None


def test_a_trial_never_touches_a_database_that_is_there_already():
    backup = make()
    name = servers.server_of("litemaas").name
    job = services.start_trial(
        actor=SYSTEM, backup_id=backup.id, database="litemaas", name=name, keeps=False, now=timezone.now()
    )
    run_job(job.pk)
    job.refresh_from_db()
    assert job.state == "failed"
    assert "already" in job.error
    assert Job.objects.count() == 2


def test_the_gateways_database_is_replaced_as_a_whole(settings):
    portal = servers.server_of("litemaas")
    with portal.connection(autocommit=True) as opened:
        opened.execute("DROP DATABASE IF EXISTS stand_in_gateway")
        opened.execute("CREATE DATABASE stand_in_gateway")
    settings.GATEWAY_DATABASE_URL = (
        f"postgresql://{portal.user}:{quote(portal.password)}@{quote(portal.host, safe='')}:{portal.port or 5432}"
        "/stand_in_gateway?schema=public&connection_limit=10"
    )
    gateway = servers.server_of("litellm")
    try:
        with gateway.connection() as opened:
            opened.execute('CREATE TABLE "LiteLLM_UserTable" (user_id text PRIMARY KEY, spend float)')
            opened.execute("INSERT INTO \"LiteLLM_UserTable\" VALUES ('a', 1), ('b', 2)")
        backup = make("litellm")
        assert backup.row_counts == {"public.LiteLLM_UserTable": 2}
        with gateway.connection() as opened:
            opened.execute('DELETE FROM "LiteLLM_UserTable"')
        assert restore(backup)["rowsRestored"] == 2
        with gateway.connection() as opened:
            assert opened.execute('SELECT sum(spend) FROM "LiteLLM_UserTable"').fetchone() == (3.0,)
    finally:
        with portal.connection(autocommit=True) as opened:
            opened.execute("DROP DATABASE stand_in_gateway WITH (FORCE)")


def test_data_keys_of_backups_turn_with_the_ring(settings):
    backup = make()
    settings.ENCRYPTION_KEYS = ["new:" + "B" * 43 + "=", *settings.ENCRYPTION_KEYS]
    columns.renew()
    settings.ENCRYPTION_KEYS = settings.ENCRYPTION_KEYS[:1]
    assert gzip.decompress(b"".join(store.backup_of(backup.id).content())).startswith(b"PGDMP")


def test_retention_keeps_the_newest_three_however_old(folder):
    backup = make()
    facts = json.loads((folder / f"{backup.id}.json").read_text())
    for day in range(1, 6):
        moment = timezone.now() - timedelta(days=100 + day)
        name = store.new_id("litemaas", moment)
        (folder / f"{name}.sealed").touch()
        (folder / f"{name}.json").write_text(
            json.dumps({**facts, "id": name, "timestamp": moment.isoformat()})
        )
    assert services.forget_old(now=timezone.now()) == 3
    assert len(store.backups()) == 3
    assert len(list(folder.iterdir())) == 6


@pytest.mark.parametrize("name", ["../secret.json", "litemaas-1.dump.gz", "..", "x" * 300, "litemaas-\x00"])
def test_a_name_that_is_none_is_not_found(name):
    with pytest.raises(BackupNotFound):
        store.backup_of(name)


def test_a_dead_dump_leaves_no_backup_and_its_rest_goes(folder):
    draft = store.Draft(store.new_id("litemaas", timezone.now()))
    with draft.writer() as writer:
        writer.write(b"half")
    assert store.backups() == []
    assert store.delete_leftovers(timezone.now() + timedelta(days=1)) == 1


def test_the_command_makes_lists_and_opens(capfdbinary):
    call_command("backups", "make")
    (backup,) = store.backups()
    call_command("backups", "list")
    assert backup.id.encode() in capfdbinary.readouterr().out
    call_command("backups", "open", backup.id)
    assert gzip.decompress(capfdbinary.readouterr().out).startswith(b"PGDMP")
