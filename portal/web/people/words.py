"""What the pages about people call things; the models' own words are English."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

ROLES: dict[str, str | Promise] = {
    "admin": _("Administrator"),
    "admin-readonly": _("Administrator, read-only"),
    "user": _("User"),
    "readonly": _("Read-only user"),
}
ROLE_HELP: dict[str, str | Promise] = {
    "admin": _("Sees and changes everything."),
    "admin-readonly": _("Sees everything, changes nothing that is not their own."),
    "user": _("Subscribes to models and makes API keys."),
    "readonly": _("Looks at their own things only."),
}
