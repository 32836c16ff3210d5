"""table.py LOADS: loads for docs/clients.md, one after the other in one process.

LOADS is a JSON list of {"client": ..., "repo": ..., "token": ... or null}; a client is one of the
functions below. Prints {"results": [...]}: each {"files": {path: sha256}} or {"rows": [number, sum]} or
both, or {"error": ...} as in report.py. A repo that is loaded twice by one process may come from
the client's own cache the second time.
"""

import concurrent.futures
import hashlib
import io
import json
import os
import sys
import threading

import report

CLIENTS = {}
TYPE = "datasets"
THREADS = 8


def client(function):
    CLIENTS[function.__name__] = function
    return function


def digest(data):
    return hashlib.sha256(data).hexdigest()


def digests(folder):
    return {path: file["sha256"] for path, file in report.tree(folder).items()}


def file_system(token):
    from huggingface_hub import HfFileSystem

    return HfFileSystem(token=token, skip_instance_cache=True)


def rows(ids):
    ids = [int(i) for i in ids]
    return [len(ids), sum(ids)]


def address(repo, path):
    return f"{os.environ['HF_ENDPOINT']}/datasets/{repo}/resolve/main/{path}"


@client
def snapshot(repo, token):
    from huggingface_hub import snapshot_download

    return {"files": digests(snapshot_download(repo, token=token))}


@client
def snapshot_without_xet(repo, token):
    from huggingface_hub.utils._runtime import is_xet_available

    assert not is_xet_available()
    return snapshot(repo, token)


@client
def api(repo, token):
    import hub_reads

    return {"files": hub_reads.of(repo, token)}


@client
def whoami(repo, token):
    from huggingface_hub import HfApi

    return {"rows": HfApi(token=token).whoami()["name"]}


@client
def files(repo, token):
    fs = file_system(token)
    names = fs.find(repo)
    assert {repo + "/config.json", repo + "/tokenizer.json"} <= set(fs.ls(repo, detail=False))
    assert fs.glob(repo + "/*.safetensors") == [repo + "/model.safetensors"]
    assert any("vocab.txt" in found for _, _, found in fs.walk(repo))
    large = repo + "/model.safetensors"
    size = fs.info(large)["size"]
    with fs.open(large, block_size=4096) as file:
        file.seek(size - 100)
        end = file.read()
    assert fs.cat_file(large, start=size - 100, end=size) == end
    parts = fs.cat_ranges([large] * 4, [0, 1000, 2000, 3000], [1000, 2000, 3000, 4000])
    assert b"".join(parts) == fs.cat_file(large, start=0, end=4000)
    # The threads start together, so that no read is over before the next one begins.
    barrier = threading.Barrier(THREADS)

    def read(start):
        barrier.wait()
        return fs.cat_file(large, start=start, end=start + size // THREADS, cache_type="none")

    assert size % THREADS == 0
    with concurrent.futures.ThreadPoolExecutor(THREADS) as threads:
        parts = list(threads.map(read, range(0, size, size // THREADS)))
    assert b"".join(parts) == fs.cat_file(large)
    return {"files": {name[len(repo) + 1 :]: digest(fs.cat_file(name)) for name in names}}


@client
def transformers(repo, token):
    from huggingface_hub import hf_hub_download
    from safetensors.numpy import load_file
    from transformers import AutoConfig, AutoTokenizer

    assert AutoConfig.from_pretrained(repo, token=token).hidden_size == 64
    tokenizer = AutoTokenizer.from_pretrained(repo, token=token)
    words = tokenizer.convert_ids_to_tokens(tokenizer("hello world")["input_ids"])
    assert words == ["[CLS]", "hello", "world", "[SEP]"], words
    weights = hf_hub_download(repo, "model.safetensors", token=token)
    assert load_file(weights)["embeddings.word_embeddings.weight"].shape == (6000, 64)
    return {"files": digests(os.path.dirname(weights))}


@client
def tokenizers(repo, token):
    from tokenizers import Tokenizer

    assert Tokenizer.from_pretrained(repo, token=token).encode("hello world").tokens
    return {"files": {}}


@client
def safetensors(repo, token):
    """The header alone by ranges, then one tensor of the downloaded file without the others."""
    from huggingface_hub import HfApi, hf_hub_download
    from safetensors import safe_open

    header = HfApi(token=token).get_safetensors_metadata(repo)
    weights = hf_hub_download(repo, "model.safetensors", token=token)
    with safe_open(weights, "np") as tensors:
        part = tensors.get_slice("embeddings.word_embeddings.weight")
        assert part.get_shape() == [6000, 64]
        assert part[10:12].shape == (2, 64)
        assert set(tensors.keys()) == set(header.weight_map)
    return {"files": {"model.safetensors": report.sha256(weights)}}


@client
def kernels(repo, token):
    """The variant for this machine, which is imported from the files that were downloaded."""
    import kernels
    from huggingface_hub import HfApi

    # Else the folder has more files than were downloaded.
    sys.dont_write_bytecode = True
    # It has no parameter for a token.
    os.environ.pop("HF_TOKEN", None)
    if token is not None:
        os.environ["HF_TOKEN"] = token
    kernel = kernels.get_kernel(repo, version=1)
    assert kernel.double(21) == 42
    info = HfApi().kernel_info(repo)
    variant = os.path.dirname(kernel.__file__)
    assert info.sha == os.path.basename(os.path.dirname(os.path.dirname(variant)))
    return {"files": digests(os.path.dirname(os.path.dirname(variant)))}


@client
def datasets(repo, token):
    from datasets import load_dataset

    found = []
    for path in ("train.parquet", "train.jsonl", "train.csv"):
        for streaming in (False, True):
            data = load_dataset(
                repo, data_files="data/" + path, split="train", token=token, streaming=streaming
            )
            found.append(rows(row["id"] for row in data))
    assert found == found[:1] * 6, found
    for streaming in (False, True):
        images = load_dataset(
            repo, data_dir="images", split="train", token=token, streaming=streaming
        )
        assert sorted(image["image"].size for image in images) == [(1, 1), (2, 1)]
    return {"rows": found[0]}


@client
def push(repo, token):
    from datasets import Dataset

    Dataset.from_dict({"id": [1]}).push_to_hub(repo, token=token)
    return {}


@client
def pandas(repo, token):
    import pandas

    options = {"token": token}
    # pandas takes the file system from fsspec, which keeps one for each token.
    csv = pandas.read_csv(f"hf://{TYPE}/{repo}/data/train.csv", storage_options=options)
    parquet = pandas.read_parquet(f"hf://{TYPE}/{repo}/data/train.parquet", storage_options=options)
    assert rows(csv["id"]) == rows(parquet["id"])
    return {"rows": rows(csv["id"])}


@client
def pyarrow(repo, token):
    from pyarrow import parquet

    table = parquet.read_table(
        f"{TYPE}/{repo}/data/train.parquet", columns=["id"], filesystem=file_system(token)
    )
    return {"rows": rows(table["id"].to_pylist())}


@client
def polars(repo, token):
    """By the address of the file: for hf:// polars goes to huggingface.co itself."""
    import polars

    # Its own reader has no place for a token with http, so a private file comes through fsspec.
    if token is None:
        frame = polars.scan_parquet(address(repo, "data/train.parquet")).select("id").collect()
    else:
        with file_system(token).open(f"{TYPE}/{repo}/data/train.parquet") as file:
            frame = polars.read_parquet(io.BytesIO(file.read()), columns=["id"])
    return {"rows": rows(frame["id"])}


@client
def duckdb(repo, token):
    import duckdb_http

    db = duckdb_http.connect()
    if token is not None:
        db.execute(f"CREATE SECRET (TYPE http, BEARER_TOKEN '{token}')")
    found = [
        db.execute(f"SELECT count(id), sum(id) FROM '{address(repo, path)}'").fetchone()
        for path in ("data/train.parquet", "data/train.csv")
    ]
    assert found[0] == found[1], found
    return {"rows": [int(n) for n in found[0]]}


def one(load):
    try:
        return CLIENTS[load["client"]](load["repo"], load["token"])
    except Exception as error:  # the test looks at it
        return {"error": report.describe(error)}


report.of(lambda: {"results": [one(load) for load in json.loads(sys.argv[1])]})
