"""trellis_like.py SOURCE: a loader of the shape that TRELLIS has, SOURCE being a folder or a repo.

`pipeline.json` names several models. Each is looked for inside SOURCE; whatever goes wrong there,
its name alone is taken for the place of a model, so that one failure that would have passed by
itself turns into a request for a repo that never was, and the error shown is about that repo.

Prints {"first_failures": {model: exception}, "models": {name: {parameters, sha256}}}: which first
attempts failed is written down by a wrapper that lets everything happen as it would without it.
"""

import functools
import json
import os
import struct
import sys

import report
from huggingface_hub import hf_hub_download

attempts = []


def noted(load):
    @functools.wraps(load)
    def wrapper(place):
        try:
            result = load(place)
        except BaseException as error:
            attempts.append((place, report.describe(error)))
            raise
        attempts.append((place, None))
        return result

    return wrapper


def find(place, ending):
    """The file of a model in a folder of this machine, else in a repo: owner/repo/path/in/it."""
    if os.path.exists(place + ".json") and os.path.exists(place + ".safetensors"):
        return place + ending
    owner, repo, *inside = place.split("/")
    return hf_hub_download(f"{owner}/{repo}", "/".join(inside) + ending)


@noted
def load(place):
    """What a model needs: its settings, and as many bytes of weights as their header promises."""
    with open(find(place, ".json"), encoding="utf-8") as file:
        settings = json.load(file)
    weights = find(place, ".safetensors")
    with open(weights, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        tensors = json.loads(file.read(length))
    end = 8 + length + max(t["data_offsets"][1] for t in tensors.values())
    if os.path.getsize(weights) != end:
        raise ValueError(f"{weights} has {os.path.getsize(weights)} bytes and not {end}")
    return {
        "name": settings["name"],
        "parameters": sum(t["shape"][0] for t in tensors.values()),
        "sha256": {".json": report.sha256(find(place, ".json")), ".safetensors": report.sha256(weights)},
    }


def load_pipeline(source):
    local = os.path.join(source, "pipeline.json")
    path = local if os.path.exists(local) else hf_hub_download(source, "pipeline.json")
    with open(path, encoding="utf-8") as file:
        names = json.load(file)["args"]["models"]
    models = {}
    for key, name in names.items():
        try:
            models[key] = load(f"{source}/{name}")
        except:  # noqa: E722 - it is what makes loaders of this shape break where they do
            models[key] = load(name)
    return models


def run():
    source = sys.argv[1]
    return {"models": load_pipeline(source), "first_failures": first_failures(source)}


def first_failures(source):
    return {place: error for place, error in attempts if error and place.startswith(source)}


try:
    report.of(run)
finally:
    # Also when the load failed: the cause is what its error hides.
    print(json.dumps(first_failures(sys.argv[1])), file=sys.stderr)
