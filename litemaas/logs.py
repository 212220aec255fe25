"""Structured logs: JSON lines in production, readable lines in development, no secret in either."""

from collections.abc import MutableMapping
from typing import Any

import structlog

from litemaas.context import current
from litemaas.redaction import redact, redact_text

_ROUTINE = ("celery.beat", "celery.worker.strategy", "celery.app.trace")


def _add_request(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if current().request_id:
        event.setdefault("request_id", current().request_id)
    return event


def _hide_secrets(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {k: v if k.startswith("_") else redact(v) for k, v in event.items()}


class _HideSecretsInText:
    """Also what a traceback prints may hold a credential: mask the finished line."""

    def __init__(self, renderer: Any) -> None:
        self._renderer = renderer

    def __call__(self, logger: Any, name: str, event: MutableMapping[str, Any]) -> str:
        return redact_text(self._renderer(logger, name, event))


def logging_settings(*, as_json: bool, level: str) -> dict[str, Any]:
    """Django's LOGGING, with structlog rendering its own and everybody else's lines alike."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_request,
        _hide_secrets,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    # Without the local variables that structlog shows by default: a password is one of them.
    console = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    renderer = structlog.processors.JSONRenderer() if as_json else console
    final: list[Any] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if as_json:
        final.append(structlog.processors.format_exc_info)
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "lines": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": shared,
                "processors": [*final, _HideSecretsInText(renderer)],
            }
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "lines"}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "django.server": {"handlers": ["console"], "level": level, "propagate": False},
            "celery": {"level": level},
            # A line per task and per beat says nothing as long as all goes well, and hides what does not.
            **{name: {"level": "DEBUG" if level == "DEBUG" else "WARNING"} for name in _ROUTINE},
            "urllib3": {"level": "WARNING"},
        },
    }
