from django.urls import path

from portal.web.settings import backups, banners, branding, currency, frame, limits, portal_options, sync

urlpatterns = [
    path("operations/settings", frame.settings, name="system_settings"),
    path("operations/settings/limits", limits.limits, name="system_limits"),
    path("operations/settings/limits/everybody", limits.change_for_many, name="change_limits_of_many"),
    path("operations/settings/portal", portal_options.portal, name="system_portal"),
    path("operations/settings/currency", currency.page, name="system_currency"),
    path("operations/settings/currency/preview", currency.preview, name="preview_currency"),
    path("operations/settings/banners", banners.listed, name="system_banners"),
    path("operations/settings/banners/visibility", banners.visibility, name="switch_banners"),
    path("operations/settings/banners/new", banners.new, name="new_banner"),
    path("operations/settings/banners/preview", banners.preview, name="preview_banner"),
    path("operations/settings/banners/<uuid:banner_id>", banners.edit, name="edit_banner"),
    path("operations/settings/banners/<uuid:banner_id>/delete", banners.delete, name="delete_banner"),
    path("operations/settings/branding", branding.page, name="system_branding"),
    path("operations/settings/branding/preview", branding.preview, name="preview_branding"),
    path("operations/settings/branding/<str:place>", branding.put_image, name="put_brand_image"),
    path("operations/settings/branding/<str:place>/remove", branding.remove_image, name="remove_brand_image"),
    path("operations/settings/backup", backups.page, name="system_backup"),
    path("operations/settings/backup/start/<str:database>", backups.start, name="start_backup"),
    path("operations/settings/backup/<str:backup_id>/download", backups.download, name="download_backup"),
    path("operations/settings/backup/<str:backup_id>/test", backups.try_out, name="try_backup"),
    path("operations/settings/backup/<str:backup_id>/restore", backups.restore, name="restore_backup"),
    path("operations/settings/backup/<str:backup_id>/delete", backups.delete, name="delete_backup"),
    path("operations/settings/sync", sync.page, name="system_sync"),
    path("banners/<uuid:banner_id>/dismiss", banners.dismiss, name="dismiss_banner"),
]
