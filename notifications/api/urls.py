from litemaas.api.routes import route
from notifications.api import views

# Below /api/v1
urlpatterns = [
    route("notifications", views.NotificationsView.as_view(), "api-notifications"),
    route("notifications/read-all", views.ReadAllView.as_view(), "api-notifications-read-all"),
    route("notifications/<uuid:notification_id>", views.NotificationView.as_view(), "api-notification"),
    route("notifications/<uuid:notification_id>/read", views.ReadView.as_view(), "api-notification-read"),
]
