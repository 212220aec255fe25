"""Use cases of subscriptions. Every change of state goes through `subscriptions.steps`."""

from subscriptions.services.changing import change_subscription
from subscriptions.services.deciding import (
    approve_subscription,
    decide_many,
    delete_subscription,
    deny_subscription,
    revert_subscription,
)
from subscriptions.services.ending import cancel_subscription, expire_subscriptions
from subscriptions.services.granting import Granted, grant_models, grant_subscriptions
from subscriptions.services.quotas import (
    QuotaUse,
    record_quota_use,
    reset_quotas,
    resume_after_quota_reset,
    suspend_for_quota,
)
from subscriptions.services.subscribing import request_review, subscribe
from subscriptions.services.suspending import resume_subscription, suspend_subscription
from subscriptions.steps import access_changed, many_ended, status_changed

__all__ = [
    "Granted",
    "QuotaUse",
    "access_changed",
    "approve_subscription",
    "cancel_subscription",
    "change_subscription",
    "decide_many",
    "delete_subscription",
    "deny_subscription",
    "expire_subscriptions",
    "grant_models",
    "grant_subscriptions",
    "many_ended",
    "record_quota_use",
    "request_review",
    "reset_quotas",
    "resume_after_quota_reset",
    "resume_subscription",
    "revert_subscription",
    "status_changed",
    "subscribe",
    "suspend_for_quota",
    "suspend_subscription",
]
