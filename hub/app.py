"""The web application: wires the hub, Flask, its extensions and the blueprints together."""

from __future__ import annotations

import datetime as dt
import logging
import sys
from pathlib import Path

from flask import Flask
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from hub.config import Config
from hub.engine.hub import Hub
from hub.web import (
    alerting,
    auth,
    connections,
    dashboard,
    docs,
    errors,
    health,
    jinja,
    log,
    mapper,
    oauth,
    people,
    plan,
    plugins,
    runs,
    security,
    settings,
    setup,
    webhooks,
    wizard,
)
from hub.web.limiter import LoginLimiter
from hub.web.page import EXTENSION, htmx

BLUEPRINTS = (
    setup.bp,
    auth.bp,
    dashboard.bp,
    connections.bp,
    oauth.bp,
    webhooks.bp,
    wizard.bp,
    plan.bp,  # flows, and looking ahead
    mapper.bp,
    runs.bp,
    log.bp,
    plugins.bp,
    settings.bp,
    alerting.bp,
    docs.bp,
    health.bp,
)
LARGEST_REQUEST = 1024 * 1024
"""Bytes. The largest answer anybody needs to type, a template, has a fiftieth of that."""
_HERE = Path(__file__).resolve().parent


def create_app(config: Config | None = None, *, hub: Hub | None = None) -> Flask:
    """The application of one hub. Brings the database up to date and loads the plugins.

    hub: one that was started already; else it is started here.
    """
    config = config or (hub.config if hub else Config.from_env())
    hub = hub or Hub.start(config)
    app = Flask(
        "hub", static_folder=str(_HERE / "web" / "static"), template_folder=str(beside("templates"))
    )
    app.extensions[EXTENSION] = hub
    app.extensions["koppel_limiter"] = LoginLimiter()
    app.extensions[webhooks.LIMITER] = webhooks.HookLimiter()
    secure = config.base_url.startswith("https:")
    app.config.update(
        SECRET_KEY=hub.vault.derive("flask-session"),
        # Cookies do not tell ports apart: two hubs on one machine must not log each other out.
        SESSION_COOKIE_NAME=f"koppel_{config.port}",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=secure,
        PERMANENT_SESSION_LIFETIME=dt.timedelta(days=14),
        WTF_CSRF_TIME_LIMIT=None,  # it ends with the session, not while a form is being filled in
        MAX_CONTENT_LENGTH=LARGEST_REQUEST,
        MAX_FORM_MEMORY_SIZE=LARGEST_REQUEST,
        SEND_FILE_MAX_AGE_DEFAULT=0,
    )
    if security.behind_proxy(config):
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1, x_prefix=1)  # type: ignore[method-assign]
    security.guard(app, config)
    csrf = CSRFProtect(app)  # type: ignore[no-untyped-call]
    # What systems send comes from no browser and no session: it has a signature instead.
    csrf.exempt(webhooks.bp)  # type: ignore[no-untyped-call]
    htmx.init_app(app)
    people.manager().init_app(app)  # type: ignore[no-untyped-call]
    errors.register(app)
    jinja.register(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    _log_to_stderr()
    return app


def beside(name: str) -> Path:
    """A folder inside the package, as in a wheel, or beside it, as in a checkout."""
    inside = _HERE / name
    return inside if inside.is_dir() else _HERE.parent / name


def _log_to_stderr() -> None:
    """What goes wrong is for whoever runs the hub to read, wherever the process writes to."""
    logger = logging.getLogger("koppel")
    if not logging.getLogger().handlers and not logger.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("koppel web: %(message)s"))
        logger.addHandler(handler)
