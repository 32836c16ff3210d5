"""snapshot_without_links.py REPO [KEYWORDS]: snapshot.py on a file system without symbolic links.

HF_HUB_DISABLE_SYMLINKS does the same, but versions before 1.33 do not know it.
"""

import errno
import os


def symlink(*_args, **_keywords):
    # As on exFAT.
    raise OSError(errno.EPERM, "Operation not permitted")


os.symlink = symlink

import snapshot  # noqa: E402, F401
