from django.urls import path

from notifications.web import centre

urlpatterns = [
    path("notifications", centre.listed, name="notifications"),
    path("notifications/drawer", centre.drawer, name="notification_drawer"),
    path("notifications/bell", centre.bell, name="notification_bell"),
    path("notifications/read-all", centre.read_all, name="read_all_notifications"),
    path("notifications/clear-read", centre.clear_read, name="clear_read_notifications"),
    path("notifications/<uuid:notification_id>/read", centre.read, name="read_notification"),
    path("notifications/<uuid:notification_id>/remove", centre.remove, name="remove_notification"),
]
