"""What a client did, as one line of JSON on standard output, for the Java test that started it.

A result is printed as it is; an exception as {"error": ..., "seconds": ...}, the time until it was
raised, and the exit status is 3. Runs on every Python and with every client version that the tests
have.
"""

import hashlib
import json
import os
import sys
import time


def describe(error):
    """The exception and those it came from: names of its classes, text, HTTP status and headers."""
    response = getattr(error, "response", None)
    cause = error.__cause__ or error.__context__
    return {
        "type": type(error).__name__,
        "types": [c.__name__ for c in type(error).__mro__ if c not in (object, BaseException)],
        "message": str(error),
        "status": getattr(response, "status_code", None),
        "headers": {k.lower(): v for k, v in getattr(response, "headers", {}).items()},
        "cause": describe(cause) if cause is not None else None,
    }


def of(call):
    """Calls it, prints what it returned or raised, and ends the process."""
    began = time.monotonic()
    try:
        result = call()
    except Exception as error:  # whatever it is, the test wants to look at it
        print(json.dumps({"error": describe(error), "seconds": time.monotonic() - began}))
        sys.exit(3)
    print(json.dumps(result))
    sys.exit(0)


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def tree(folder):
    """Relative path (with "/") to {sha256, size} of every file in the folder, links followed."""
    files = {}
    for where, _, names in os.walk(folder, followlinks=True):
        for name in names:
            path = os.path.join(where, name)
            relative = os.path.relpath(path, folder).replace(os.sep, "/")
            files[relative] = {"sha256": sha256(path), "size": os.path.getsize(path)}
    return files
