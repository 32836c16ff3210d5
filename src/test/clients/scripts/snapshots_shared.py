"""snapshots_shared.py REPO...: snapshots.py that shares blobs between repos, as of huggingface_hub 2.

The client keeps a blob in the store that all repos of its cache share if the bytes came over Xet.
The made-up Hub names the Xet hashes of its files and has no Xet bytes, so these come over HTTP;
whether and how they are shared is the client's own code. It downloads one file after the other:
where several threads make the shared folder at once, the client may leave a blob out of it.
"""

import functools

import huggingface_hub
from huggingface_hub import file_download

download = file_download._download_to_tmp_and_move


def download_over_http(**keywords):
    download(**{**keywords, "xet_file_data": None})


file_download._download_to_tmp_and_move = download_over_http
huggingface_hub.snapshot_download = functools.partial(
    huggingface_hub.snapshot_download, max_workers=1
)

import snapshots  # noqa: E402, F401
