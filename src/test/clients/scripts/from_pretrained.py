"""from_pretrained.py REPO...: the parts of models that need no torch, each repo by itself.

Prints {REPO: {"files": {path: {sha256, size}}}}, the files being all that transformers and a call
for the weights put into the cache, or {REPO: {"error": ...}} as in report.py.
"""

import os
import sys

import report
from huggingface_hub import hf_hub_download
from transformers import AutoConfig, AutoTokenizer


def load(repo):
    try:
        config = AutoConfig.from_pretrained(repo)
        tokenizer = AutoTokenizer.from_pretrained(repo)
        weights = hf_hub_download(repo, "model.safetensors")
    except Exception as error:  # the test looks at it
        return {"error": report.describe(error)}
    assert config.model_type == "bert"
    assert tokenizer("hello world")["input_ids"]
    return {"files": report.tree(os.path.dirname(weights))}


report.of(lambda: {repo: load(repo) for repo in sys.argv[1:]})
