"""snapshots_shared.py REPO...: snapshots.py that shares blobs between repos, as of huggingface_hub 2.

The client keeps a blob in the store that all repos of its cache share if the bytes came over Xet.
The made-up Hub names the Xet hashes of its files and has no Xet bytes, so these come over HTTP;
whether and how they are shared is the client's own code.
"""

from huggingface_hub import file_download

download = file_download._download_to_tmp_and_move


def download_over_http(**keywords):
    download(**{**keywords, "xet_file_data": None})


file_download._download_to_tmp_and_move = download_over_http

import snapshots  # noqa: E402, F401
