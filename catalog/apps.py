from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "catalog"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from catalog import gateway
        from litellm_sync import registry

        registry.register("model", gateway.apply_model)
        registry.reconcile("model", gateway.MODELS)
