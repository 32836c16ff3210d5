"""unknown.py FILE REPO...: asks for one file of repos that are not there.

Prints {repo: {the exception}}.
"""

import sys

import report
from huggingface_hub import hf_hub_download


def ask(repo):
    try:
        return {"found": hf_hub_download(repo, sys.argv[1])}
    except Exception as error:  # it is the result
        return report.describe(error)


report.of(lambda: {repo: ask(repo) for repo in sys.argv[2:]})
