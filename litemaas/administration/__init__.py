"""Django admin as the operators' second surface, under our name and our roles."""

from litemaas.administration.acting import READ_BY_USER, act, may_act
from litemaas.administration.inlines import ReadOnlyInline
from litemaas.administration.rows import Listed, ReadOnlyAdmin
from litemaas.administration.site import LiteMaaSAdminConfig, LiteMaaSAdminSite

__all__ = [
    "READ_BY_USER",
    "Listed",
    "LiteMaaSAdminConfig",
    "LiteMaaSAdminSite",
    "ReadOnlyAdmin",
    "ReadOnlyInline",
    "act",
    "may_act",
]
