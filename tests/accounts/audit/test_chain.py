"""Rows are chained as they were committed, and whatever was done to them afterwards is found and named."""

import base64
import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts import audit, tasks
from accounts.audit import checkpoints, redacting, retention, sealing, verifying
from accounts.audit.models import AuditChain, AuditCheckpoint, AuditEvent, AuditRetirement, AuditSeal
from litemaas import errors
from tests.accounts.audit.conftest import findings, in_a_while, without_triggers
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db(transaction=True)


class TestSealing:
    def test_each_row_has_one_link_and_the_chain_is_sound(self, sealed):
        assert list(AuditSeal.objects.order_by("seq").values_list("seq", "event_id")) == [
            (place, event.pk) for place, event in enumerate(sealed, 1)
        ]
        report = verifying.verify()
        assert (report.is_sound, report.rows, report.waiting) == (True, 10, 0)

    def test_sealing_again_changes_nothing(self, sealed):
        assert sealing.seal_new_rows(timezone.now()) == 0
        assert AuditSeal.objects.count() == 10

    def test_a_row_that_commits_late_is_not_missed(self, record):
        written, may_commit = threading.Event(), threading.Event()

        def slow():
            with transaction.atomic():
                audit.record("LOGIN", actor=None)
                written.set()
                may_commit.wait(10)
            connection.close()

        thread = threading.Thread(target=slow)
        thread.start()
        written.wait(10)
        record(3)
        assert sealing.seal_new_rows(timezone.now()) == 3
        may_commit.set()
        thread.join()
        assert sealing.seal_new_rows(timezone.now()) == 1
        assert findings() == []

    def test_what_was_rolled_back_leaves_no_trace(self, record):
        with transaction.atomic():
            audit.record("LOGIN", actor=None)
            transaction.set_rollback(True)
        record()
        assert sealing.seal_new_rows(timezone.now()) == 1
        assert findings() == []

    def test_two_sealers_do_not_wait_for_each_other(self, record):
        sealing.seal_new_rows(timezone.now())
        record(5)
        results = []

        def other():
            results.append(sealing.seal_new_rows(timezone.now()))
            connection.close()

        with transaction.atomic():
            assert sealing.seal_new_rows(timezone.now()) == 5
            thread = threading.Thread(target=other)
            thread.start()
            thread.join(10)
        assert results == [0]
        assert AuditSeal.objects.count() == 5

    def test_a_restore_into_another_cluster_seals_on(self, sealed, record):
        AuditChain.objects.update(snapshot="900000000000:900000000001:")
        record(2)
        assert findings() == []
        assert sealing.seal_new_rows(timezone.now()) == 2
        assert findings() == []

    def test_rows_that_wait_are_counted(self, sealed, record):
        record(3)
        report = verifying.verify()
        assert (report.is_sound, report.waiting) == (True, 3)
        assert report.waiting_since is not None


class TestTriggers:
    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE audit_logs SET action = 'LOGIN'",
            "DELETE FROM audit_logs",
            "UPDATE audit_seals SET seq = seq + 100",
            "DELETE FROM audit_seals",
        ],
    )
    def test_rows_are_neither_changed_nor_deleted(self, sealed, statement):
        with pytest.raises(IntegrityError, match="only ever added"), connection.cursor() as cursor:
            cursor.execute(statement)

    def test_tables_are_not_emptied(self, sealed):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL litemaas.audit_may_be_emptied = ''")
            with pytest.raises(IntegrityError, match="never emptied"), transaction.atomic():
                cursor.execute("TRUNCATE audit_logs")


class TestTampering:
    """Each of these is done as by somebody who has the database and its triggers in hand."""

    @pytest.mark.parametrize(
        "change",
        [
            "action = 'LOGIN'",
            "actor_name = 'somebody'",
            "metadata = '{\"number\": 99}'",
            "at = at + interval '1 second'",
            "success = false",
            "ip_address = '10.0.0.1'",
            "new_values = '{}'",
            "salt = gen_random_uuid()",
        ],
    )
    def test_a_changed_row_is_named(self, sealed, change):
        with without_triggers() as cursor:
            cursor.execute(f"UPDATE audit_logs SET {change} WHERE id = %s", [sealed[4].pk])  # noqa: S608
        kinds = {kind for kind, text in findings() if str(sealed[4].pk) in text}
        # A row with another time is not where its link says, and stands where there is no link.
        assert kinds == ({"deleted", "inserted"} if change.startswith("at ") else {"changed"})

    def test_a_deleted_row_is_named(self, sealed):
        with without_triggers() as cursor:
            cursor.execute("DELETE FROM audit_logs WHERE id = %s", [sealed[4].pk])
        assert [kind for kind, text in findings() if f"Row {sealed[4].pk} " in text] == ["deleted"]

    def test_a_row_deleted_with_its_link_is_found(self, sealed):
        with without_triggers() as cursor:
            cursor.execute("DELETE FROM audit_logs WHERE id = %s", [sealed[4].pk])
            cursor.execute("DELETE FROM audit_seals WHERE event_id = %s", [sealed[4].pk])
        assert findings() == [("deleted", "The chain has no links 5 to 5.")]

    def test_a_deleted_row_whose_gap_was_closed_is_found(self, sealed):
        with without_triggers() as cursor:
            cursor.execute("DELETE FROM audit_logs WHERE id = %s", [sealed[4].pk])
            cursor.execute("DELETE FROM audit_seals WHERE event_id = %s", [sealed[4].pk])
            cursor.execute("UPDATE audit_seals SET seq = seq - 1 WHERE seq > 5")
        assert (
            "reordered",
            f"Link 5 (row {sealed[5].pk}) does not follow from the one before.",
        ) in findings()

    def test_an_inserted_row_is_named(self, sealed):
        with without_triggers() as cursor:
            cursor.execute(
                "INSERT INTO audit_logs (at, actor_name, credential, action, resource_type, resource_id, success,"
                " error_message, metadata, user_agent, request_id, xid) SELECT at, 'mallory', '', 'LOGIN', 'AUTH', '',"
                " true, '', '{}', '', '', xid FROM audit_logs WHERE id = %s RETURNING id",
                [sealed[4].pk],
            )
            (pk,) = cursor.fetchone()
        assert [kind for kind, text in findings() if f"Row {pk} (LOGIN" in text] == ["inserted"]

    def test_reordered_rows_are_named(self, sealed):
        with without_triggers() as cursor:
            cursor.execute(
                "UPDATE audit_seals SET seq = CASE seq WHEN 4 THEN 1007 ELSE 1004 END WHERE seq IN (4, 7)"
            )
            cursor.execute("UPDATE audit_seals SET seq = seq - 1000 WHERE seq > 1000")
        text = " ".join(text for kind, text in findings() if kind == "reordered")
        assert f"Link 4 (row {sealed[6].pk})" in text
        assert f"Link 7 (row {sealed[3].pk})" in text

    def test_a_truncated_chain_is_found(self, sealed):
        with without_triggers() as cursor:
            cursor.execute("DELETE FROM audit_logs WHERE id >= %s", [sealed[8].pk])
            cursor.execute("DELETE FROM audit_seals WHERE seq >= 9")
        assert findings() == [("truncated", "The chain ends at 8 and should end at 10.")]

    def test_a_chain_that_was_made_anew_does_not_match_a_checkpoint_kept_elsewhere(self, sealed, tmp_path):
        kept = tmp_path / "checkpoint.json"
        with kept.open("w") as file:
            call_command("export_audit_checkpoint", stdout=file)
        with without_triggers() as cursor:
            cursor.execute("DELETE FROM audit_logs WHERE id = %s", [sealed[4].pk])
            for table in ("audit_seals", "audit_checkpoints", "audit_chain"):
                cursor.execute(f"DELETE FROM {table}")  # noqa: S608
        sealing.seal_new_rows(timezone.now())
        assert findings() == []
        with pytest.raises(CommandError, match="tampered"):
            call_command("verify_audit", checkpoint=[str(kept)])

    def test_a_checkpoint_that_somebody_else_signed_is_found(self, sealed, settings):
        settings.AUDIT_SIGNING_KEYS = ["mallory:" + "B" * 43 + "="]
        checkpoints.sign_checkpoint(timezone.now())
        settings.AUDIT_SIGNING_KEYS = []
        assert findings() == [("checkpoint", "The checkpoint at 10 is not signed by a trusted key.")]


class TestCheckpoints:
    def test_one_is_signed_when_the_chain_has_grown(self, sealed, record):
        assert checkpoints.sign_checkpoint(timezone.now()).seq == 10
        assert checkpoints.sign_checkpoint(timezone.now()) is None
        record()
        sealing.seal_new_rows(timezone.now())
        assert checkpoints.sign_checkpoint(timezone.now()).seq == 11
        assert verifying.verify().checkpoints == 2

    def test_it_is_the_same_after_the_way_through_a_file(self, sealed):
        signed = checkpoints.sign_checkpoint(timezone.now())
        read = checkpoints.from_text(checkpoints.as_text(signed))
        assert checkpoints.as_text(read) == checkpoints.as_text(signed)
        assert verifying.verify(kept=[read]).is_sound

    def test_a_retired_key_can_be_trusted_by_hand(self, sealed, settings, capsys):
        settings.AUDIT_SIGNING_KEYS = ["old:" + "B" * 43 + "="]
        signed = checkpoints.sign_checkpoint(timezone.now())
        settings.AUDIT_SIGNING_KEYS = []
        call_command("verify_audit", public_key=[base64.b64encode(bytes(signed.public_key)).decode()])
        assert "10 rows" in capsys.readouterr().out

    @pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "other"}'])
    def test_another_file_is_refused(self, sealed, tmp_path, text):
        (tmp_path / "x").write_text(text)
        with pytest.raises(CommandError, match="not a checkpoint"):
            call_command("verify_audit", checkpoint=[str(tmp_path / "x")])


class TestRedaction:
    @pytest.fixture
    def admin(self):
        return UserFactory.create(is_operator=True)

    @pytest.fixture
    def event(self, record):
        [event] = record(actor=UserFactory.create(username="grace"), metadata={"address": "Elm Street"})
        record(2)
        sealing.seal_new_rows(timezone.now())
        return event

    def redact(self, admin, event, *fields):
        return redacting.redact_event(
            actor=admin, event_id=event.pk, fields=list(fields), reason="Article 17", now=timezone.now()
        )

    def test_what_is_redacted_is_gone_and_the_chain_is_sound(self, admin, event):
        self.redact(admin, event, "actor_name", "metadata")
        event.refresh_from_db()
        assert (event.actor_name, event.metadata, event.salt) == ("", {}, None)
        assert event.resource_id == "key-0"
        sealing.seal_new_rows(timezone.now())
        report = verifying.verify()
        assert (report.is_sound, report.redacted) == (True, 1)
        act = AuditEvent.objects.get(action="AUDIT_REDACT")
        assert (act.actor, act.metadata["fields"]) == (admin, ["actor_name", "metadata"])

    def test_what_was_left_is_still_guarded(self, admin, event):
        self.redact(admin, event, "metadata")
        with without_triggers() as cursor:
            cursor.execute("UPDATE audit_logs SET actor_name = 'mallory' WHERE id = %s", [event.pk])
        assert [kind for kind, _ in findings()] == ["changed"]

    def test_nothing_is_put_back(self, admin, event):
        self.redact(admin, event, "metadata")
        with without_triggers() as cursor:
            cursor.execute("DELETE FROM audit_redactions")
        assert [kind for kind, _ in findings()] == ["changed"]

    def test_a_row_without_a_link_waits(self, admin, record):
        [event] = record()
        with pytest.raises(redacting.NotChainedYet):
            self.redact(admin, event, "metadata")

    def test_only_administrators_redact_and_only_what_may_go(self, admin, event):
        with pytest.raises(errors.Forbidden):
            self.redact(UserFactory.create(is_auditor=True), event, "metadata")
        with pytest.raises(errors.InvalidInput):
            self.redact(admin, event, "action")
        self.redact(admin, event, "metadata")
        with pytest.raises(redacting.RedactedBefore):
            self.redact(admin, event, "user_agent")


class TestRetention:
    def test_old_months_go_whole_and_the_rest_stays_provable(self, record):
        old = datetime(2020, 1, 31, 23, 59, tzinfo=UTC)
        record(2, at=old)
        record(1)
        sealing.seal_new_rows(timezone.now())
        record(2, at=old)
        record(1, at=old + timedelta(minutes=5))
        record(3)
        sealing.seal_new_rows(timezone.now())
        checkpoints.sign_checkpoint(timezone.now())
        retired = retention.retire_months(older_than_days=365, now=timezone.now())
        assert [(row.month.month, row.rows) for row in retired] == [(1, 4), (2, 1)]
        assert AuditEvent.objects.count() == 4
        assert AuditRetirement.objects.count() == 3
        report = verifying.verify()
        assert (report.findings, report.rows, report.retired) == ([], 4, 5)
        assert retention.retire_months(older_than_days=365, now=timezone.now()) == []

    def test_a_month_whose_rows_wait_for_their_link_stays(self, record):
        record(at=datetime(2020, 3, 1, tzinfo=UTC))
        assert retention.retire_months(older_than_days=365, now=timezone.now()) == []
        sealing.seal_new_rows(timezone.now())
        assert len(retention.retire_months(older_than_days=365, now=timezone.now())) == 1

    def test_a_month_that_nobody_retired_is_missed(self, record):
        record(2, at=datetime(2020, 5, 1, tzinfo=UTC))
        record()
        sealing.seal_new_rows(timezone.now())
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE audit_logs_2020_05, audit_seals_2020_05")
        assert findings() == [("deleted", "The chain has no links 1 to 2.")]

    def test_a_forged_retirement_is_found(self, record):
        record(2, at=datetime(2020, 6, 1, tzinfo=UTC))
        record()
        sealing.seal_new_rows(timezone.now())
        retention.retire_months(older_than_days=365, now=timezone.now())
        with without_triggers() as cursor:
            cursor.execute("UPDATE audit_retirements SET last_seq = 3")
        assert "deleted" in {kind for kind, _ in findings()}


def test_a_month_that_nobody_made_is_made_by_its_first_row(record):
    far = in_a_while(days=4000)
    record(at=far)
    assert AuditEvent.objects.get().at == far


def test_the_beat_keeps_tables_and_chain(record):
    record(2)
    assert tasks.seal_audit() == 2
    assert tasks.sign_audit() == 2
    assert tasks.sign_audit() is None
    assert tasks.keep_audit_tables() == 0
    assert AuditCheckpoint.objects.count() == 1
