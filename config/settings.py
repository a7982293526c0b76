"""The one settings file; everything that differs between installations comes from the environment.

`DATABASE_URL` and `REDIS_URL` choose production mode; without them the embedded mode keeps
everything in the data folder (see docs/decisions/0001-embedded-mode.md).
"""

from pathlib import Path
from typing import Any

import environ
from csp.constants import NONCE, SELF
from csp.constants import NONE as NOTHING
from django.core.exceptions import ImproperlyConfigured

from config.data_dir import BASE_DIR, data_dir, secret
from config.logs import logging_settings

env = environ.Env()


def _port(variable: str, default: int) -> int:
    given = env.str(variable, default=str(default))
    if not given.isdecimal() or not 0 < int(given) < 2**16:
        raise ImproperlyConfigured(f"{variable} must be a port from 1 to 65535, not {given!r}.")
    return int(given)


DATA_DIR = data_dir()
REDIS_URL: str = env.str("REDIS_URL", default="")
EMBEDDED = not REDIS_URL
# Whether teams may name MCP servers on this machine and its own network.
PRIVATE_SERVERS: bool = env.bool("CALLSHEET_PRIVATE_SERVERS", default=True)
DEBUG: bool = env.bool("CALLSHEET_DEBUG", default=False)
SECRET_KEY = secret("secret_key", "CALLSHEET_SECRET_KEY") or "unset: run through manage.py or asgi"
# Comma-separated, newest first: the first encrypts, all decrypt.
CREDENTIAL_KEYS = secret("credential_keys", "CALLSHEET_CREDENTIAL_KEYS").split(",")
PORT = _port("PORT", 8000)
PUBLIC_ORIGINS: list[str] = env.list(
    "CALLSHEET_ORIGINS", default=[f"http://127.0.0.1:{PORT}", f"http://localhost:{PORT}"]
)
ALLOWED_HOSTS = [origin.split("://", 1)[1].split(":", 1)[0] for origin in PUBLIC_ORIGINS]
CSRF_TRUSTED_ORIGINS = PUBLIC_ORIGINS
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("CALLSHEET_BEHIND_TLS", default=False) else None
)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_PROXY_SSL_HEADER is not None
# Cookies do not know ports: two installations on one machine must not sign each other out.
SESSION_COOKIE_NAME = f"sessionid_{PORT}" if EMBEDDED else "sessionid"

# What agents serve in their sandboxes opens on an origin of its own, with a host name per preview.
# Browsers find every name below localhost on this machine.
PREVIEW_PORT = _port("CALLSHEET_PREVIEW_PORT", PORT + 1)
PREVIEW_ORIGIN: str = env.str(
    "CALLSHEET_PREVIEW_ORIGIN", default=f"http://*.localhost:{PREVIEW_PORT}"
).rstrip("/")
# The runtime of Docker that sandboxes use, like runsc (gVisor); its own by default.
SANDBOX_RUNTIME: str = env.str("CALLSHEET_SANDBOX_RUNTIME", default="")
# How long contents of files are kept after their run; 0 keeps them.
FILES_DAYS: int = min(max(env.int("CALLSHEET_FILES_DAYS", default=0), 0), 100_000)
# Where a worker listens for the previews' server; 0.0.0.0 where that is on another machine.
WORKER_LISTEN: str = env.str("CALLSHEET_WORKER_LISTEN", default="127.0.0.1")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "channels",
    "django_vite",
    "csp",
    "rules",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.mfa",
    "config",
    "teams",
    "crews",
    "resources",
    "runs",
    "sandbox",
]

MIDDLEWARE = [
    "config.health.HealthMiddleware",
    "config.head_requests.HeadMiddleware",
    "config.refused_methods.RefusedMethodMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
AUTH_USER_MODEL = "teams.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

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
                "csp.context_processors.nonce",
                "teams.context.people",
                "runs.context.inbox",
            ]
        },
    }
]

DATABASES: dict[str, dict[str, Any]] = {
    "default": env.db_url("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'callsheet.sqlite3'}")
}
if "ENGINE" not in DATABASES["default"]:
    raise ImproperlyConfigured(
        "DATABASE_URL is no address like postgres://user:password@host/name."
    )
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-8000;"
        ),
    }

# Without Redis the layer lives in the web process alone; runs/journal/doorbell.py carries
# wake-ups to it.
CHANNEL_LAYERS: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "config.live_layer.LiveLayer",
        # redis-py 8 would close idle connections after 5 s.
        "CONFIG": {
            "hosts": [{"address": REDIS_URL, "socket_timeout": None, "socket_connect_timeout": 2}]
        },
    }
    if REDIS_URL
    else {"BACKEND": "channels.layers.InMemoryChannelLayer"}
}

CELERY_BROKER_URL = REDIS_URL or "folder://localhost"
CELERY_TASK_IGNORE_RESULT = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = (
    {"socket_connect_timeout": 2, "socket_timeout": 10}
    if REDIS_URL
    else {"folder": str(DATA_DIR / "broker"), "polling_interval": 0.03}
)

STATIC_URL = "static/"
# Files are served as they lie there; those that Vite named by their content never change.
WHITENOISE_USE_FINDERS = True
WHITENOISE_ALLOW_ALL_ORIGINS = False
WHITENOISE_IMMUTABLE_FILE_TEST = r"/assets/.+-[\w-]{8}\.\w+$"
STATICFILES_DIRS: list[Path] = [BASE_DIR / "static" / "dist"]
DJANGO_VITE = {
    "default": {"dev_mode": False, "manifest_path": BASE_DIR / "static" / "dist" / "manifest.json"}
}

LOGGING = logging_settings(json=not EMBEDDED, level=env.str("CALLSHEET_LOG_LEVEL", default="INFO"))

# Traces go where OpenTelemetry's own variables say; without them there are none.
OTEL_ENDPOINT: str = env.str("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", default="") or env.str(
    "OTEL_EXPORTER_OTLP_ENDPOINT", default=""
)
METRICS_TOKEN: str = env.str("CALLSHEET_METRICS_TOKEN", default="")

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
# For example smtp+tls://name:password@mail.example.org:587; by default mail is printed.
_mail: dict[str, Any] = env.email_url("CALLSHEET_EMAIL_URL", default="consolemail://")
vars().update(_mail)
EMAIL_BACKEND: str = _mail["EMAIL_BACKEND"]
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.str("CALLSHEET_EMAIL_FROM", default="callsheet@localhost")
# Whether teams' webhooks may lead to addresses that are not public: on one's own machine they may.
WEBHOOKS_INSIDE: bool = env.bool("CALLSHEET_WEBHOOKS_INSIDE", default=EMBEDDED)
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"

# People sign in with their e-mail address; django-allauth does the rest.
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
    )
]
OWNER_EMAIL: str = env.str("CALLSHEET_OWNER_EMAIL", default="owner@localhost")
SIGN_UP_OPEN: bool = env.bool("CALLSHEET_SIGN_UP", default=True)
# Without a mail server nobody could confirm an address.
MAIL_IS_SENT = not _mail["EMAIL_BACKEND"].endswith("console.EmailBackend")
# Behind a TLS proxy, rate limits count by the address that the proxy saw.
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if SECURE_PROXY_SSL_HEADER else 0
ACCOUNT_ADAPTER = "teams.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if MAIL_IS_SENT else "none"
ACCOUNT_EMAIL_SUBJECT_PREFIX = "Callsheet: "
ACCOUNT_EMAIL_NOTIFICATIONS = MAIL_IS_SENT
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_LOGIN_ON_PASSWORD_RESET = True
MFA_ADAPTER = "teams.adapter.MfaAdapter"
MFA_ALLOW_UNVERIFIED_EMAIL = not MAIL_IS_SENT
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Callsheet"
# Browsers offer passkeys to localhost without TLS.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not SESSION_COOKIE_SECURE

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:", "blob:"],
        "object-src": [NOTHING],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NOTHING],
    }
}
