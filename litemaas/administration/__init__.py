"""Django admin as the operators' second surface, under our name and our roles."""

from litemaas.administration.acting import ask_reason, may_act, run_each
from litemaas.administration.rows import Listed, ReadOnlyAdmin, ReadOnlyInline
from litemaas.administration.site import LiteMaaSAdminConfig, LiteMaaSAdminSite

__all__ = [
    "Listed",
    "LiteMaaSAdminConfig",
    "LiteMaaSAdminSite",
    "ReadOnlyAdmin",
    "ReadOnlyInline",
    "ask_reason",
    "may_act",
    "run_each",
]
