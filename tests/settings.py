"""Settings of the test suite: the program's own, on a scratch data folder of this process."""

import atexit
import os
import shutil
import tempfile

_scratch = tempfile.mkdtemp(prefix="yunying-test-")
atexit.register(shutil.rmtree, _scratch, ignore_errors=True)
os.environ["YUNYING_DATA_DIR"] = _scratch
os.environ["YUNYING_SECRET_KEY"] = "only-for-tests-" + "x" * 40
for _name in ("YUNYING_DATABASE_URL", "YUNYING_EVENTS_URL", "YUNYING_JOBS_URL", "YUNYING_MAIL_URL"):
    os.environ.pop(_name, None)
if os.environ.get("YUNYING_TEST_DATABASE_URL"):
    os.environ["YUNYING_DATABASE_URL"] = os.environ["YUNYING_TEST_DATABASE_URL"]

from yunying.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
