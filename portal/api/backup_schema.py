"""The shapes of backups (contract §17)."""

from typing import Any

from rest_framework import serializers

from litemaas.api.fields import Flag
from portal.backups.servers import DATABASES

Shape = serializers.Serializer[Any]


class BackupAbilitiesOut(Shape):
    litemaasAvailable = serializers.BooleanField()
    litellmAvailable = serializers.BooleanField()
    litellmConfigured = serializers.BooleanField()
    storagePath = serializers.CharField(help_text="A label; the real path is not shown.")
    problems = serializers.ListField(child=serializers.CharField(), help_text="What is missing.")


class BackupMetadataOut(Shape):
    formatVersion = serializers.IntegerField()
    database = serializers.ChoiceField(choices=DATABASES)
    timestamp = serializers.DateTimeField()
    appVersion = serializers.CharField()
    tableCount = serializers.IntegerField()
    rowCounts = serializers.DictField(child=serializers.IntegerField())


class BackupOut(Shape):
    id = serializers.CharField()
    filename = serializers.CharField()
    database = serializers.ChoiceField(choices=DATABASES)
    timestamp = serializers.DateTimeField()
    size = serializers.IntegerField(help_text="Bytes of the file as it is downloaded.")
    metadata = BackupMetadataOut()


class BackupProgressOut(Shape):
    currentTable = serializers.CharField(allow_null=True)
    tablesCompleted = serializers.IntegerField()
    tablesTotal = serializers.IntegerField()
    rowsProcessed = serializers.IntegerField(allow_null=True)
    rowsTotal = serializers.IntegerField(allow_null=True)
    elapsed = serializers.IntegerField(help_text="Milliseconds.")


class BackupJobOut(Shape):
    state = serializers.ChoiceField(choices=["idle", "running", "completed", "failed"])
    database = serializers.ChoiceField(choices=DATABASES, allow_null=True)
    progress = BackupProgressOut(allow_null=True)
    backup = BackupOut(allow_null=True)
    error = serializers.CharField(allow_null=True)
    startedAt = serializers.DateTimeField(allow_null=True)
    completedAt = serializers.DateTimeField(allow_null=True)


class RestoredOut(Shape):
    success = serializers.BooleanField(allow_null=True, help_text="null while it runs.")
    tablesRestored = serializers.IntegerField(allow_null=True)
    rowsRestored = serializers.IntegerField(allow_null=True)
    duration = serializers.IntegerField(allow_null=True, help_text="Milliseconds.")
    warnings = serializers.ListField(child=serializers.CharField())


class TriedOut(RestoredOut):
    testSchema = serializers.CharField(help_text="The database that it was restored into.")


def _wrapped(name: str, inner: serializers.Serializer[Any]) -> Any:
    return type(name, (serializers.Serializer,), {"data": inner})


CapabilitiesAnswerOut = _wrapped("BackupCapabilitiesOut", BackupAbilitiesOut())
BackupAnswerOut = _wrapped("BackupAnswerOut", BackupOut())
BackupsOut = _wrapped("BackupsOut", BackupOut(many=True))
BackupJobAnswerOut = _wrapped("BackupJobAnswerOut", BackupJobOut())
RestoredAnswerOut = _wrapped("RestoredAnswerOut", RestoredOut())
TriedAnswerOut = _wrapped("TriedAnswerOut", TriedOut())


class AcceptedRestoreOut(Shape):
    data = RestoredOut()  # type: ignore[assignment]
    jobId = serializers.UUIDField()


class AcceptedTrialOut(Shape):
    data = TriedOut()  # type: ignore[assignment]
    jobId = serializers.UUIDField()


class BackupDeletedOut(Shape):
    success = serializers.BooleanField()
    message = serializers.CharField()


class BackupIn(Shape):
    database = serializers.ChoiceField(choices=DATABASES)


class TrialIn(BackupIn):
    testSchemaName = serializers.RegexField(
        r"^[a-z_][a-z0-9_]{0,62}$", required=False, help_text="Default: a new name."
    )
    keep = Flag(default=False, help_text="Leave it there to look at. You drop it yourself then.")
