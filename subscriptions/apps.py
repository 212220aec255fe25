from django.apps import AppConfig


class SubscriptionsConfig(AppConfig):
    name = "subscriptions"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from catalog.services import restriction_changed
        from subscriptions.services import follow_restriction

        restriction_changed.register(follow_restriction)
