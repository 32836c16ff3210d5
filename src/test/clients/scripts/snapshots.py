"""snapshots.py REPO...: snapshot_download of each repo by itself.

Prints {REPO: {"files": {path: {sha256, size}}}} or {REPO: {"error": ...}} as in report.py.
"""

import sys

import report
from huggingface_hub import snapshot_download


def load(repo):
    try:
        folder = snapshot_download(repo)
    except Exception as error:  # the test looks at it
        return {"error": report.describe(error)}
    return {"files": report.tree(folder)}


report.of(lambda: {repo: load(repo) for repo in sys.argv[1:]})
