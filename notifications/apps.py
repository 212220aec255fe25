from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "notifications"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from litemaas.web import frame
        from notifications.web import shown

        frame.unread.register(shown.unread)
        frame.toasted.register(shown.keep_toasts)
