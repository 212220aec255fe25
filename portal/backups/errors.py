from litemaas import errors


class BackupUnavailable(errors.ServiceUnavailable):
    """Something that backups need is not there: the folder, the programs, the database."""

    default_message = "Backups are not set up on this installation."


class BackupNotFound(errors.NotFound):
    default_message = "This backup does not exist."


class BackupDamaged(errors.Conflict):
    """The file is not what was written."""

    default_message = "This backup is damaged: its checksum does not agree. Nothing was changed."


class BackupNotRestorable(errors.Conflict):
    default_message = "This backup cannot be restored here."
