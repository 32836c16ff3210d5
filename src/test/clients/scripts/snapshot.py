"""snapshot.py REPO [KEYWORDS]: snapshot_download, KEYWORDS being its keyword arguments as JSON.

Prints {"folder": ..., "files": {path: {sha256, size}}}.
"""

import json
import sys

import report
from huggingface_hub import snapshot_download


def snapshot():
    keywords = json.loads(sys.argv[2]) if len(sys.argv) > 2 else {}
    folder = snapshot_download(sys.argv[1], **keywords)
    return {"folder": folder, "files": report.tree(folder)}


report.of(snapshot)
