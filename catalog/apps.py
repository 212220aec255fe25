from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "catalog"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from catalog import gateway, sync_jobs
        from catalog.adopting import adopt_model
        from catalog.models import ManagedDeployment
        from litellm_sync import registry
        from litemaas.crypto import columns

        sync_jobs.register_job()
        registry.register("model", gateway.apply_model)
        registry.reconcile("model", gateway.mirror(adopt_model))
        columns.register(
            columns.SealedColumn(ManagedDeployment, "sealed_provider_key", lambda row: str(row.key_owner))
        )
