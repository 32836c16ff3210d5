"""download.py REPO FILE [KEYWORDS]: hf_hub_download, KEYWORDS being its keyword arguments as JSON.

Prints {"path": ..., "sha256": ..., "size": ...}.
"""

import json
import os
import sys

import report
from huggingface_hub import hf_hub_download


def download():
    keywords = json.loads(sys.argv[3]) if len(sys.argv) > 3 else {}
    path = hf_hub_download(sys.argv[1], sys.argv[2], **keywords)
    return {"path": path, "sha256": report.sha256(path), "size": os.path.getsize(path)}


report.of(download)
