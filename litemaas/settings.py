"""All settings of LiteMaaS, read from the environment (docs/configuration.md is the reader's list of them)."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import dj_database_url
from corsheaders.defaults import default_headers
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from whitenoise.compress import Compressor

from litemaas import addresses, env, identity_providers
from litemaas.logs import logging_settings
from litemaas.schedule import SCHEDULE

BASE_DIR = Path(__file__).resolve().parent.parent
VERSION = "1.0.0.dev0"

# --- who we are and who may talk to us
ENVIRONMENT = env.text("ENVIRONMENT", "production")
if ENVIRONMENT not in {"development", "production"}:
    raise ImproperlyConfigured("ENVIRONMENT must be development or production.")
IS_PRODUCTION = ENVIRONMENT == "production"
DEBUG = env.flag("DEBUG", False)
SECRET_KEY = env.text("SECRET_KEY")
ALLOWED_HOSTS = env.listing("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.listing("CSRF_TRUSTED_ORIGINS")
CORS_ORIGINS = env.listing("CORS_ORIGINS")
PUBLIC_URL = env.text("PUBLIC_URL", "http://127.0.0.1:8000")
# What mails call the portal.
PORTAL_NAME = env.text("PORTAL_NAME", "LiteMaaS")
# Whose X-Forwarded-For is believed: addresses or networks of our own proxies.
TRUSTED_PROXIES = addresses.check(env.listing("TRUSTED_PROXIES"))
# Private networks that webhooks and model tests may call all the same.
OUTBOUND_ALLOWED_NETWORKS = addresses.check(
    env.listing("OUTBOUND_ALLOWED_NETWORKS"), "OUTBOUND_ALLOWED_NETWORKS"
)

# --- the gateway
LITELLM_API_URL = env.text("LITELLM_API_URL", "http://127.0.0.1:4000").rstrip("/")
LITELLM_API_KEY = env.text("LITELLM_API_KEY")
# The address that people's programs use; the internal one is never shown.
LITELLM_PUBLIC_URL = env.text("LITELLM_PUBLIC_URL", LITELLM_API_URL).rstrip("/")
# How long a request that issues a key waits for the gateway before it answers "pending", in seconds.
GATEWAY_INLINE_DEADLINE = 0.7
# What the reconciler does about objects of ours that differ: kind=repair, adopt or report. Left out: the kind's own rule.
GATEWAY_DRIFT_POLICIES = env.choices(
    "GATEWAY_DRIFT_POLICIES",
    names={"user", "team", "member", "key", "model"},
    values={"repair", "adopt", "report"},
)
# How many calls of the gateway the outbox makes at the same time.
OUTBOX_THREADS = env.number("OUTBOX_THREADS", 8, minimum=1)
OUTBOX_SWEEPS = env.number("OUTBOX_SWEEPS", 1, minimum=1)

# What the gateway shows when it pushes its usage: a bearer token, or the secret of an HMAC. Without both nobody may.
GATEWAY_EVENTS_TOKEN = env.text("GATEWAY_EVENTS_TOKEN", "")
GATEWAY_EVENTS_SECRET = env.text("GATEWAY_EVENTS_SECRET", "")
for _name in ("GATEWAY_EVENTS_TOKEN", "GATEWAY_EVENTS_SECRET"):
    if 0 < len(globals()[_name]) < 16:
        raise ImproperlyConfigured(f"{_name} must have at least 16 characters.")

# How long single calls are kept, in days after the end of their month; their sums stay for ever. 0 = for ever.
USAGE_RETENTION_DAYS = env.number("USAGE_RETENTION_DAYS", 365)

# --- watching over it: what Prometheus shows at /metrics, and the folder in which the web processes of one server count
METRICS_TOKEN = env.text("METRICS_TOKEN", "")
if 0 < len(METRICS_TOKEN) < 16:
    raise ImproperlyConfigured("METRICS_TOKEN must have at least 16 characters.")
METRICS_DIR = env.text("METRICS_DIR", "")

# How many answers of models one web process carries to people at the same time, in all and for one person.
PLAYGROUND_STREAMS = env.number("PLAYGROUND_STREAMS", 50, minimum=1)
PLAYGROUND_STREAMS_PER_USER = env.number("PLAYGROUND_STREAMS_PER_USER", 8, minimum=1)

# --- secrets at rest: "id:base64 of 32 bytes" pairs, the first one encrypts, all of them decrypt
ENCRYPTION_KEYS = env.text("ENCRYPTION_KEYS").split(",")
# What signs the checkpoints of the audit chain; derived from the keys above where it is empty.
AUDIT_SIGNING_KEYS = env.listing("AUDIT_SIGNING_KEYS")

# --- rules of the house
REPORTING_TIME_ZONE = env.text("REPORTING_TIME_ZONE", "UTC")
CURRENCY = {"code": "USD", "symbol": "$", "name": "US Dollar"}
MAX_ACTIVE_KEYS_PER_USER = env.number("MAX_ACTIVE_KEYS_PER_USER", 10, minimum=1)
# Whether LiteLLM runs with general_settings.apply_user_budget_to_team_keys (1.109): a person's budget binds team keys.
GATEWAY_USER_BUDGET_BINDS_TEAM_KEYS = env.flag("GATEWAY_USER_BUDGET_BINDS_TEAM_KEYS", False)
KEY_REVEAL_MAX_AGE = timedelta(hours=env.number("KEY_REVEAL_MAX_AGE_HOURS", 8, minimum=1))
KEY_REVEALS_PER_WINDOW = 10
KEY_REVEAL_WINDOW = timedelta(minutes=5)
# What a new account may spend and send; None = no limit. Administrators set their own over it.
USER_DEFAULTS = {
    "userMaxBudget": env.amount("DEFAULT_USER_MAX_BUDGET"),
    "userTpmLimit": env.whole_or_none("DEFAULT_USER_TPM_LIMIT"),
    "userRpmLimit": env.whole_or_none("DEFAULT_USER_RPM_LIMIT"),
}
# What a subscription grants per month unless less is asked for, and what anybody may have without an administrator.
DEFAULT_QUOTA_REQUESTS = env.number("DEFAULT_QUOTA_REQUESTS", 10_000, minimum=1)
DEFAULT_QUOTA_TOKENS = env.number("DEFAULT_QUOTA_TOKENS", 1_000_000, minimum=1)
MAX_QUOTA_REQUESTS = env.number("MAX_QUOTA_REQUESTS", DEFAULT_QUOTA_REQUESTS, minimum=DEFAULT_QUOTA_REQUESTS)
MAX_QUOTA_TOKENS = env.number("MAX_QUOTA_TOKENS", DEFAULT_QUOTA_TOKENS, minimum=DEFAULT_QUOTA_TOKENS)
# Share of the catalogue, in per cent, that one sync may take away without being told to.
SYNC_SAFETY_PERCENT = env.number("SYNC_SAFETY_PERCENT", 20)
AUDIT_RETENTION_DAYS = env.number("AUDIT_RETENTION_DAYS", 730, minimum=30)
# Of a hundred calls of the REST API, how many are noted in the record as API_ACCESS; acts are in it anyway.
API_ACCESS_SAMPLE_PERCENT = env.number("API_ACCESS_SAMPLE_PERCENT", 1)
DEMO = env.flag("DEMO", False)

# --- backups (docs/backup.md): a folder that all web and worker processes share; none = no backups
BACKUP_DIR = env.text("BACKUP_DIR", "")
BACKUP_KEEP_DAYS = env.number("BACKUP_KEEP_DAYS", 30, minimum=1)
# The gateway's own database, only for its backups.
GATEWAY_DATABASE_URL = env.text("GATEWAY_DATABASE_URL", "")
# Where pg_dump, pg_restore and psql of the server's version are, if not where they usually are.
PG_BIN = env.text("PG_BIN", "")

# --- Django
INSTALLED_APPS = [
    "modeltranslation",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "django.forms",
    "litemaas.administration.LiteMaaSAdminConfig",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "corsheaders",
    "allauth.socialaccount",
    "allauth.usersessions",
    "accounts.providers",
    "django_htmx",
    "django_filters",
    "rest_framework",
    "rest_framework_simplejwt.token_blacklist",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "litemaas.api",
    "litemaas.web",
    "litellm_sync",
    "accounts",
    "notifications",
    "jobs",
    "catalog",
    "teams",
    "subscriptions",
    "apikeys",
    "usage",
    "portal",
]

# How many requests run at the same time in one web process; its other threads wait for somebody (litemaas/turns.py).
WEB_TURNS = env.number("WEB_TURNS", 4, minimum=1)

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "litemaas.middleware.RequestContextMiddleware",
    "litemaas.metrics.CountingMiddleware",
    "accounts.audit.accesses.ApiAccessMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "litemaas.api.middleware.PagesCompressed",
    "litemaas.web.errors.PortalErrorMiddleware",
    "litemaas.api.middleware.PagesContentPolicy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "litemaas.api.middleware.PagesLocale",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "litemaas.api.middleware.PagesMessages",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "litemaas.api.middleware.PagesHtmx",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.web.second_factor.SecondFactorMiddleware",
    "accounts.web.sessions.SessionMiddleware",
]

ROOT_URLCONF = "litemaas.urls"
WSGI_APPLICATION = "litemaas.wsgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "litemaas.web.context.portal",
                "portal.web.context.look",
            ],
        },
    }
]

# --- data
DATABASES = {
    "default": dj_database_url.parse(
        env.text("DATABASE_URL"),
        # A connection lives as long as its thread. No health check per request: a restart of the database costs each
        # thread one 503, a check would cost every request a round trip.
        conn_max_age=None,
    )
}
DATABASES["default"]["OPTIONS"] = {
    **DATABASES["default"].get("OPTIONS", {}),
    "connect_timeout": 3,
    "application_name": "litemaas",
    # Only what asks for it is prepared (litemaas.api.statements); without a number here psycopg would prepare nothing.
    "prepare_threshold": 2**31,
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.text("REDIS_URL")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "litemaas",
        "OPTIONS": {"socket_connect_timeout": 0.5, "socket_timeout": 1.0},
    }
}

# --- rate limits (contract §1.4): bucket → requests/period
RATE_LIMITS = env.rates(
    "RATE_LIMITS",
    {
        "anonymous": "60/m",
        "signed-in": "300/m",
        "sign-in": "20/m",
        "analytics": "30/m",
        "filter-options": "60/m",
        "export": "5/m",
        "cache-rebuild": "1/5m",
        "reveal": "10/5m",
        "playground": "60/m",
    },
)
CACHES["counters"] = {**CACHES["default"], "BACKEND": "litemaas.api.counters.CountingCache"}
RATELIMIT_USE_CACHE = "counters"
RATELIMIT_IP_META_KEY = "litemaas.addresses.of_request"

CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_connect_timeout": 0.5,
    "socket_timeout": 5.0,
    "visibility_timeout": 3600,
}
CELERY_TASK_IGNORE_RESULT = True
# A lost hurry-up is caught by the sweep; a request must not wait for a broker that is away.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_TIME_LIMIT = 3600
CELERY_BEAT_SCHEDULE = SCHEDULE

# --- sign-in
AUTH_USER_MODEL = "accounts.User"
# User names are unique whatever their case, by a constraint that the check does not see.
SILENCED_SYSTEM_CHECKS = ["auth.W004"]
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "CommonPasswordValidator")
] + [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    }
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "accounts.web.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = env.text("EMAIL_VERIFICATION", "none")
if ACCOUNT_EMAIL_VERIFICATION not in {"none", "optional", "mandatory"}:
    raise ImproperlyConfigured("EMAIL_VERIFICATION must be none, optional or mandatory.")
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_PREVENT_ENUMERATION = True
# Who may vouch for people, by id, the first one for the v0.4 front end.
SOCIALACCOUNT_PROVIDERS = identity_providers.providers()
IDENTITY_PROVIDERS = {
    app["provider_id"]: app for kind in SOCIALACCOUNT_PROVIDERS.values() for app in kind["APPS"]
}
SOCIALACCOUNT_ADAPTER = "accounts.providers.accounts.ProviderAccounts"
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
# A provider's address is believed or not when it comes in; nobody confirms it here once more.
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
SOCIALACCOUNT_STORE_TOKENS = False
# Group of a provider → role that its members have here, for as long as they are in it.
GROUP_ROLES = identity_providers.group_roles(("admin", "admin-readonly", "user", "readonly"))
# How often a provider is asked whether somebody is still in the groups that gave rights, and how long its word counts
# while it can't be asked: then what groups gave is taken away until the next sign-in.
GROUPS_RECHECK = timedelta(minutes=env.number("GROUPS_RECHECK_MINUTES", 5, minimum=1))
GROUPS_MAX_AGE = timedelta(hours=env.number("GROUPS_MAX_AGE_HOURS", 12, minimum=1))
# Made administrators with their first sign-in: verified e-mail addresses, or provider:subject (OpenShift: provider:name).
INITIAL_ADMINS = env.listing("INITIAL_ADMINS")
# Accounts with a password here. Off: only providers let people in.
LOCAL_ACCOUNTS = env.flag("LOCAL_ACCOUNTS", True)
# API clients may trade such a password for tokens.
PASSWORD_GRANT = env.flag("PASSWORD_GRANT", LOCAL_ACCOUNTS)
# Administrators must have a second factor, or a passkey.
ADMINS_NEED_MFA = env.flag("ADMINS_NEED_MFA", False)
# Tokens for anybody who asks: needs DEBUG as well.
DEV_TOKENS = env.flag("DEV_TOKENS", False)
MFA_ADAPTER = "accounts.second_factors.SealingAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "LiteMaaS"
# The address is what an operator wrote; a second factor helps whoever holds the account.
MFA_ALLOW_UNVERIFIED_EMAIL = True
# Browsers give passkeys to https:// and to this machine only; the library asks to be told of the latter.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = urlsplit(PUBLIC_URL).scheme == "http"
EMAIL_BACKEND = env.text("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend")
EMAIL_HOST = env.text("EMAIL_HOST", "localhost")
EMAIL_PORT = env.number("EMAIL_PORT", 25)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "LiteMaaS <noreply@localhost>")

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 60 * 60 * 24
CSRF_FAILURE_VIEW = "litemaas.web.errors.csrf_failure"

# How long after a sign-in roles may be changed, automation keys made and the like.
RECENT_SIGN_IN = timedelta(minutes=env.number("RECENT_SIGN_IN_MINUTES", 60, minimum=1))
# "id:base64 of 32 bytes or more" pairs, the first one signs, all of them verify; none = one key made from SECRET_KEY.
JWT_SIGNING_KEYS = env.listing("JWT_SIGNING_KEYS")
# The life of the one token that the v0.4 front end gets: it never refreshes, so this is how long it stays signed in.
LEGACY_TOKEN_LIFETIME = timedelta(seconds=env.number("LEGACY_TOKEN_SECONDS", 86_400, minimum=300))
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(seconds=env.number("ACCESS_TOKEN_SECONDS", 3600, minimum=60)),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=7),
    "ROTATE_REFRESH_TOKENS": True,
    "BLACKLIST_AFTER_ROTATION": True,
    "ALGORITHM": "HS256",
    "SIGNING_KEY": SECRET_KEY,  # not used: see accounts/signing.py
    "ISSUER": "litemaas",
    "AUDIENCE": "litemaas-api",
    "USER_ID_CLAIM": "sub",
}

# --- browsers of other origins: exact ones, with credentials (contract §1.1)
CORS_ALLOWED_ORIGINS = CORS_ORIGINS
CORS_ALLOW_CREDENTIALS = True
CORS_PREFLIGHT_MAX_AGE = 600
CORS_URLS_REGEX = r"^/(api|health|metrics)(/|$)"
CORS_ALLOW_HEADERS = [
    *default_headers,
    "idempotency-key",
    "if-match",
    "if-none-match",
    "x-correlation-id",
]
CORS_EXPOSE_HEADERS = [
    *("X-Request-Id", "X-Correlation-Id", "ETag", "Location", "Retry-After", "Content-Disposition"),
    *("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "Idempotency-Replayed"),
    *("X-API-Deprecation-Warning", "X-API-Migration-Guide", "Deprecation", "Sunset"),
]

# --- the API
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.api.authentication.BearerAuthentication",
        "accounts.api.authentication.PortalSessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": [
        "litemaas.api.permissions.DeclaredPermission",
        "accounts.api.authentication.RecentSignIn",
    ],
    "DEFAULT_RENDERER_CLASSES": ["litemaas.api.rendering.OrjsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["litemaas.api.parsing.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "litemaas.api.schema.ContractSchema",
    "EXCEPTION_HANDLER": "litemaas.api.problems.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    # Amounts are numbers in the contract, and so they are in the OpenAPI document.
    "COERCE_DECIMAL_TO_STRING": False,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "LiteMaaS API",
    "DESCRIPTION": "Self-service over a LiteLLM gateway: models, subscriptions, API keys, usage.",
    "VERSION": VERSION,
    "SERVERS": [{"url": "/", "description": "Where this document comes from."}],
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api(/v1)?",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SORT_OPERATIONS": False,
    "PREPROCESSING_HOOKS": ["litemaas.api.schema.one_path_per_route"],
    "ENUM_NAME_OVERRIDES": {
        "BackupDatabase": "portal.backups.servers.DATABASES",
        "HealthState": ["healthy", "unhealthy"],
        "CatalogueState": ["healthy", "warning", "error"],
        "JobState": "jobs.models.Job.State",
        "BannerVariant": "portal.models.Banner.Variant",
        "NotificationVariant": "notifications.models.Notification.Variant",
        "SubscriptionStatus": "subscriptions.models.Subscription.Status",
        "TeamRole": "teams.models.Member.Role",
        "InvitationStatus": "teams.models.Invitation.Status",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "litemaas.api.completing.complete",
    ],
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

# --- words, numbers, time
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "en"
LANGUAGES = [
    ("en", "English"),
    ("es", "Español"),
    ("fr", "Français"),
    ("de", "Deutsch"),
    ("it", "Italiano"),
    ("ja", "日本語"),
    ("ko", "한국어"),
    ("zh-hans", "简体中文"),
]
MODELTRANSLATION_LANGUAGES = tuple(code for code, _ in LANGUAGES)
MODELTRANSLATION_FALLBACK_LANGUAGES = ("en",)
LOCALE_PATHS = [BASE_DIR / "locale"]

# --- static files
STATIC_URL = "/static/"
# The pictures of the guides are pages' pictures too (portal.web.guides).
STATICFILES_DIRS = [BASE_DIR / "static", ("guide", BASE_DIR / "docs" / "images")]
STATIC_ROOT = Path(env.text("STATIC_ROOT", str(BASE_DIR / "staticfiles")))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG
# Packed well, which takes its time, is what browsers fetch; maps of libraries' sources are two thirds of the bytes.
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = (*Compressor.SKIP_COMPRESS_EXTENSIONS, "map")

# --- the browser's protection
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
if urlsplit(PUBLIC_URL).scheme == "https":
    SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", True)
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SECURE_REDIRECT_EXEMPT = [r"^api/v1/health/"]
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SESSION_COOKIE_NAME = "__Host-litemaas-session"
    CSRF_COOKIE_NAME = "__Host-litemaas-csrf"

LOGGING_CONFIG = "logging.config.dictConfig"
LOGGING = logging_settings(as_json=IS_PRODUCTION, level=env.text("LOG_LEVEL", "INFO"))
