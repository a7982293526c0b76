"""The product's settings for in-process tests: own data folder, database file, fast passwords.

The database is SQLite unless `DATABASE_URL` names another (`python -m tests.engines pytest …`).
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

_folder = Path(tempfile.mkdtemp(prefix="callsheet-tests-"))
atexit.register(shutil.rmtree, _folder, ignore_errors=True)
os.environ["CALLSHEET_DATA_DIR"] = str(_folder)

from tests.engines import leftovers  # noqa: E402

# Sandboxes of this test run, by which its end finds what killed processes have left.
os.environ["CALLSHEET_INSTANCE"] = leftovers.instance()
if "REDIS_URL" in os.environ and "PYTEST_XDIST_WORKER" in os.environ:
    # Each of the processes of a test run has a part of the server to itself.
    number = os.environ["PYTEST_XDIST_WORKER"].removeprefix("gw")
    os.environ["REDIS_URL"] = os.environ["REDIS_URL"].rpartition("/")[0] + f"/{number}"

from config.data_dir import prepare_data_dir  # noqa: E402

prepare_data_dir()

from config.settings import *  # noqa: E402, F403
from config.settings import DATABASES, INSTALLED_APPS  # noqa: E402

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, as in the product: an in-memory database has no WAL and no second connection.
    DATABASES["default"]["TEST"] = {"NAME": str(_folder / "test.sqlite3")}
INSTALLED_APPS = [*INSTALLED_APPS, "tests.engines"]  # for its command
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
