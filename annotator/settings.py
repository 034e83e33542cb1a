"""All settings, read from the environment (see .env.example); the defaults run on one machine."""

import atexit
import hashlib
import secrets
import shutil
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from annotator.environment import env

BASE_DIR = Path(__file__).resolve().parent.parent
env.read_env(BASE_DIR / ".env", overwrite=False)

TESTING = "pytest" in sys.modules
# Workers and commands do not use this.
IN_WEB = "annotator.wsgi" in sys.modules
DEBUG = env.flag("DEBUG")
DATA_DIR = Path(env("WINNOW_DATA", default=str(BASE_DIR / "data"))).resolve()
if TESTING:
    # Tests must not reach the files or the broker of a running installation.
    DATA_DIR = Path(tempfile.mkdtemp(prefix="winnow-tests-"))
    atexit.register(shutil.rmtree, DATA_DIR, ignore_errors=True)

# Pretrained encoders; tests of other things would spend minutes on encoding.
ENCODERS_ON, ENCODERS_FOLDER = env.encoders("WINNOW_ENCODERS")
ENCODERS_ON = ENCODERS_ON and not TESTING

KNOWN_KEYS = ("django-insecure", "change-me", "changeme", "secret")


def secret_key() -> str:
    """Return the key from the environment, or the one in the data directory, created if missing."""
    given = env("SECRET_KEY", default="")
    if given:
        if not DEBUG and (len(given) < 32 or given.lower().startswith(KNOWN_KEYS)):
            raise ImproperlyConfigured(
                "SECRET_KEY is short or well known, so anybody could sign in as anybody. Leave it "
                "empty to have one made, or set at least 32 random characters."
            )
        return str(given)
    kept = DATA_DIR / "secret_key"
    if not kept.exists():
        DATA_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = DATA_DIR / f"secret_key.{secrets.token_hex(4)}"
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_urlsafe(48))
        try:
            # Two simultaneous first starts must agree on one key: a hard link refuses the second.
            kept.hardlink_to(fresh)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return kept.read_text().strip()


def broker_socket() -> Path:
    """Return the path of the private broker's socket; short, because the limit is about 100."""
    inside = DATA_DIR / "broker.sock"
    if len(str(inside)) <= 90:
        return inside
    digest = hashlib.blake2b(str(DATA_DIR).encode(), digest_size=8).hexdigest()
    return Path(tempfile.gettempdir()) / f"winnow-{digest}" / "broker.sock"


SECRET_KEY = secret_key()
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.origins("CSRF_TRUSTED_ORIGINS")
globals().update(env.mail())

INSTALLED_APPS = [
    "annotator",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "heroicons",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "axes",
]

# Without the front server of deploy/, anyone could set the headers that it sets.
BEHIND_NGINX = env.flag("BEHIND_NGINX")
MIDDLEWARE = [
    *(["annotator.server.reverse_proxy.client_address"] if BEHIND_NGINX else []),
    "annotator.metrics.request_log.RequestLogMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "annotator.security.sessions.SignedInMiddleware",
    "annotator.views.account.language.own_language",
    "annotator.views.drafts.tell_saved",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
    "annotator.views.middleware.Refusing",
]

ROOT_URLCONF = "annotator.urls"
WSGI_APPLICATION = "annotator.wsgi.application"
APPEND_SLASH = False

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
                "annotator.views.navigation.navigation",
            ],
        },
    }
]

# Database and files -------------------------------------------------------------------------------

DATABASES = {"default": env.database("DATABASE_URL", f"sqlite:///{DATA_DIR / 'winnow.sqlite3'}")}
if "sqlite" in DATABASES["default"]["ENGINE"]:
    DATABASES["default"]["ENGINE"] = "annotator.db.sqlite3"
    # IMMEDIATE takes the write lock at the start, so a claim never reads what another is changing;
    # FULL syncs every commit, so an acknowledged label survives a power cut, too.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA journal_size_limit=67108864;"
            "PRAGMA cache_size=-65536;PRAGMA mmap_size=134217728;"
        ),
    }
    # A file, because threads that share an in-memory database lock differently.
    test_file = Path(tempfile.gettempdir()) / f"winnow-test-{secrets.token_hex(4)}.sqlite3"
    DATABASES["default"]["TEST"] = {"NAME": env("TEST_DATABASE", default=str(test_file))}
else:
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # PgBouncer provides a connection for one transaction only: cursors, prepared statements and
    # session settings would be lost.
    PGBOUNCER = env.flag("PGBOUNCER")
    DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"] = PGBOUNCER
    if not PGBOUNCER:
        # JIT compilation takes longer than the small queries of pages.
        at_start = ["-c jit=off"]
        if IN_WEB:
            # Nobody waits longer for a page, and a request that hangs blocks no others.
            at_start += ["-c statement_timeout=5s", "-c lock_timeout=2s"]
            at_start += ["-c idle_in_transaction_session_timeout=30s"]
        # Repeated statements are prepared on the server, which saves a third of the work.
        DATABASES["default"]["OPTIONS"] = {
            "options": " ".join(at_start),
            "server_side_binding": True,
            "prepare_threshold": 5,
        }
DATABASES["default"]["CONN_MAX_AGE"] = 60
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

MEDIA_ROOT = DATA_DIR / "files"
MEDIA_URL = env("MEDIA_URL", default="/media/")
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or TESTING
        else "annotator.storage.static_files.StaticFiles"
    },
}
WHITENOISE_USE_FINDERS = DEBUG or TESTING
IMPORT_FOLDER = env.folder("WINNOW_IMPORT_FOLDER", apart_from=DATA_DIR)
IMPORT_BUCKETS = env.buckets("WINNOW_IMPORT_BUCKETS")
MAX_UPLOAD_MB = env.number("MAX_UPLOAD_MB", 2048)
FILE_UPLOAD_MAX_MEMORY_SIZE = 1 << 20
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 << 20
# The form with 500 labels sends seven fields per row.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 4000

# Access -------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "annotator.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
PASSWORD_HASHERS = ["annotator.security.password_hashing.PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# The Django token inside an invitation must be valid at least as long as the invitation.
PASSWORD_RESET_TIMEOUT = 7 * 86_400
CSRF_FAILURE_VIEW = "annotator.views.access.too_old"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "projects"
LOGOUT_REDIRECT_URL = "login"
AXES_FAILURE_LIMIT = 6
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
AXES_HTTP_RESPONSE_CODE = 429
AXES_LOCKOUT_CALLABLE = "annotator.security.lockout.locked_out"
AXES_HANDLER = "annotator.security.lockout.Lockout"
# A lock expires at a fixed time, whatever others try meanwhile.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
SILENCED_SYSTEM_CHECKS = [
    "axes.W001",
    # HSTS for other hosts of the domain is not ours to set.
    "security.W005",
    "security.W021",
]

SESSION_ENGINE = "annotator.security.sessions"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
# Cookies are limited to https only if the site is reached by https, as these origins say.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = any(
    origin.startswith("https:") for origin in CSRF_TRUSTED_ORIGINS
)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SESSION_COOKIE_SECURE else None
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE
# Health checks come without TLS.
SECURE_REDIRECT_EXEMPT = ["^healthz$", "^readyz$"]
SECURE_HSTS_SECONDS = 31_536_000 if SESSION_COOKIE_SECURE else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "font-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "annotator.api.auth.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["annotator.api.request_context.SignedIn"],
    "DEFAULT_RENDERER_CLASSES": ["annotator.api.codecs.OrjsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["annotator.api.codecs.StrictJSONParser"],
    # The schema describes the API; OPTIONS is refused like any other unsupported method.
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "annotator.api.errors.answer",
    "UNAUTHENTICATED_USER": None,
    # ?format= names an export format, not a renderer.
    "URL_FORMAT_OVERRIDE": None,
}
KNOX_TOKEN_MODEL = "knox.AuthToken"  # noqa: S105
REST_KNOX = {"TOKEN_TTL": timedelta(days=30), "AUTO_REFRESH": True, "AUTH_HEADER_PREFIX": "Token"}
SPECTACULAR_SETTINGS = {
    "TITLE": "Winnow",
    "DESCRIPTION": "Annotate what is worth asking.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    # A file field in a request is not the URL of a file in a response.
    "COMPONENT_SPLIT_REQUEST": True,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "PREPROCESSING_HOOKS": ["annotator.api.urls.without_slashes"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "annotator.api.responses.schema.with_errors",
    ],
}

# Language -----------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
FORMAT_MODULE_PATH = "annotator.i18n.formats"
LOCALE_PATHS = [BASE_DIR / "annotator" / "locale"]
# Only for pages before sign-in: a user's own choice is stored in their row.
LANGUAGE_COOKIE_NAME = "winnow_language"
LANGUAGE_COOKIE_AGE = 31_536_000
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SECURE = SESSION_COOKIE_SECURE
USE_I18N = USE_TZ = True
TIME_ZONE = "UTC"

# Logs ---------------------------------------------------------------------------------------------

LOG_LEVEL = env.one_of("LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"), "INFO")
LOG_FORMAT = env.one_of("LOG_FORMAT", ("text", "json"), "text")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"about": {"()": "annotator.logs.log_format.ContextFilter"}},
    "formatters": {
        "text": {
            "()": "annotator.logs.log_format.TextFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s: %(message)s",
        },
        "json": {"()": "annotator.logs.log_format.JsonFormatter"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": LOG_FORMAT,
            "filters": ["about"],
        }
    },
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        # One line per request is for machines; a terminal shows only problems.
        "annotator.metrics.request_log": {
            "level": LOG_LEVEL if LOG_FORMAT == "json" or LOG_LEVEL == "DEBUG" else "WARNING"
        },
        **{name: {"level": "WARNING"} for name in ("django.server", "axes", "gunicorn")},
        # The jobs' own lines say more, and the tick comes every five seconds.
        **{f"celery.{each}": {"level": "WARNING"} for each in ("app.trace", "worker.strategy")},
        "celery.beat": {"level": "WARNING"},
        # In detail, they log the headers that prove who asks.
        **{name: {"level": "WARNING"} for name in ("boto3", "botocore", "s3transfer", "urllib3")},
    },
}

METRICS = env.one_of("METRICS", ("off", "loopback", "token"), "off")
METRICS_TOKEN = env("METRICS_TOKEN", default="")
if METRICS == "token" and len(METRICS_TOKEN) < 20:
    raise ImproperlyConfigured("METRICS=token needs a METRICS_TOKEN of at least 20 characters.")

# Background jobs ----------------------------------------------------------------------------------

BROKER_URL = env.broker("BROKER_URL", f"redis+socket://{broker_socket()}")
CELERY_BROKER_URL = BROKER_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Redelivery comes after 30 minutes, longer than any task may run, so no task runs twice at once; a
# dead worker's job is resumed much sooner, because its row says so (tasks.tick).
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 1800,
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    "socket_keepalive": not BROKER_URL.startswith("redis+socket"),
    "health_check_interval": 25,
}
# A worker on another machine without heartbeats for this long counts as dead; the death of a
# process on this machine is detected at once.
JOB_STALE_SECONDS = env.number("JOB_STALE_SECONDS", 30, least=10)
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_PUBLISH_RETRY = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 500
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 1_500_000  # KiB, checked between tasks
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 5
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_SOFT_TIME_LIMIT = 1200
CELERY_TASK_TIME_LIMIT = 1260
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "annotator.scheduler:ResilientScheduler"
CELERY_BEAT_SCHEDULE = {
    # Finds due jobs that are not running: those whose message or worker was lost, expired leases,
    # and projects whose last labels waited `retrain_seconds` for a round. Safe to run twice.
    "tick": {"task": "annotator.tasks.tick", "schedule": 5.0, "options": {"expires": 10}},
    # Verifies all counters, and tells leads about differences.
    "recount": {"task": "annotator.tasks.recount_all", "schedule": crontab(hour="2", minute="17")},
    # Permanently deletes what was deleted a week ago, and files that no row refers to.
    "tidy": {"task": "annotator.tasks.tidy", "schedule": 86_400.0, "options": {"expires": 3600}},
}
