"""load.py REPO PLAN: what a loader of models does, PLAN being JSON:

{"revision": ..., "missing": [paths that are not there], "folder": one that is not there}

A snapshot, then a look for each of the missing files and for the folder. Prints {"commit": ...,
"files": {path: {sha256, size}}, "missing": {path: exception}, "folder": exception}.
"""

import json
import os
import sys

import report
from huggingface_hub import HfApi, hf_hub_download, snapshot_download


def name_of_error(call):
    try:
        call()
    except Exception as error:  # its name is the result
        return type(error).__name__
    return None


def load():
    repo, plan = sys.argv[1], json.loads(sys.argv[2])
    revision = plan.get("revision", "main")
    folder = snapshot_download(repo, revision=revision)
    result = {"commit": os.path.basename(folder), "files": report.tree(folder), "missing": {}}
    for path in plan.get("missing", []):
        result["missing"][path] = name_of_error(
            lambda: hf_hub_download(repo, path, revision=revision)
        )
    if "folder" in plan:
        result["folder"] = name_of_error(
            lambda: list(HfApi().list_repo_tree(repo, plan["folder"], revision=revision))
        )
    return result


report.of(load)
