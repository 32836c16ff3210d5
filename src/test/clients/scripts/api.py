"""api.py CALLS: calls methods of HfApi, one after the other in one process.

CALLS is a JSON list of [name, {keyword: value}]; a name like "fs.ls" is a method of HfFileSystem, and
"hf_hub_download" and "snapshot_download" are the functions of these names. Prints {"results":
[...]}: each a JSON form of what was returned, or {"error": ...} as in report.py.
"""

import datetime
import json
import sys
import types

import huggingface_hub
import report


def plain(value):
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, types.GeneratorType)):
        return [plain(v) for v in value]
    if hasattr(value, "__dict__"):
        fields = {k: plain(v) for k, v in vars(value).items() if not k.startswith("_")}
        return {"class": type(value).__name__, **fields}
    return str(value)


def one(name, keywords):
    if name.startswith("fs."):
        function = getattr(huggingface_hub.HfFileSystem(), name[3:])
    elif name in ("hf_hub_download", "snapshot_download"):
        function = getattr(huggingface_hub, name)
    else:
        function = getattr(huggingface_hub.HfApi(), name)
    try:
        return plain(function(**keywords))
    except Exception as error:  # the test looks at it
        return {"error": report.describe(error)}


report.of(lambda: {"results": [one(name, keywords) for name, keywords in json.loads(sys.argv[1])]})
