"""loads.py: loads what standard input says, one JSON object a line, each time into an empty cache.

A line is {"with": "huggingface_hub" or "transformers", "repo": ..., "token": ... or null}; the answer
{"files": {path: sha256}} or {"error": ...}, as report.describe gives it. While a client would sleep
before it asks again, {"slept": seconds} is printed instead, so that the test moves its clock.
"""

import json
import os
import shutil
import sys
import tempfile
import threading
import time

import report
from huggingface_hub import hf_hub_download, snapshot_download

lock = threading.Lock()


def tell(what):
    with lock:
        print(json.dumps(what), flush=True)


def with_huggingface_hub(repo, token, cache):
    return snapshot_download(repo, token=token, cache_dir=cache)


def with_transformers(repo, token, cache):
    from transformers import AutoConfig

    AutoConfig.from_pretrained(repo, token=token, cache_dir=cache)
    return os.path.dirname(hf_hub_download(repo, "model.safetensors", token=token, cache_dir=cache))


def load(line):
    cache = tempfile.mkdtemp()
    try:
        call = {"huggingface_hub": with_huggingface_hub, "transformers": with_transformers}[line["with"]]
        # False: not even one that is found elsewhere.
        folder = call(line["repo"], line["token"] or False, cache)
        tell({"files": {path: file["sha256"] for path, file in report.tree(folder).items()}})
    except Exception as error:  # whatever it is, the test wants to look at it
        tell({"error": report.describe(error)})
    finally:
        shutil.rmtree(cache)


time.sleep = lambda seconds: tell({"slept": seconds})
for text in sys.stdin:
    load(json.loads(text))
