from django.apps import AppConfig


class ApiConfig(AppConfig):
    """What every REST route shares: errors, rights, pages, parsing, the schema."""

    name = "litemaas.api"
    label = "api"

    def ready(self) -> None:
        from litemaas.api import checks  # noqa: F401  registers the start-up checks
        from litemaas.api.idempotency import binding
        from litemaas.api.models import IdempotentRequest
        from litemaas.crypto import columns

        columns.register(
            columns.SealedColumn(IdempotentRequest, "sealed_body", binding, ("principal", "target", "key"))
        )
