from django.utils.translation import gettext_lazy

from litemaas import errors


class BackupUnavailable(errors.ServiceUnavailable):
    """Something that backups need is not there: the folder, the programs, the database."""

    default_message = gettext_lazy("Backups are not set up on this installation.")


class BackupNotFound(errors.NotFound):
    default_message = gettext_lazy("This backup does not exist.")


class BackupDamaged(errors.Conflict):
    """The file is not what was written."""

    default_message = gettext_lazy(
        "This backup is damaged: its checksum does not agree. Nothing was changed."
    )


class BackupNotRestorable(errors.Conflict):
    default_message = gettext_lazy("This backup cannot be restored here.")
