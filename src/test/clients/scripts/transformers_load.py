"""transformers_load.py REPO [--model]: the parts of a model that need no torch, or all of it.

Prints {"config": {type, hidden}, "tokens": [...], "shapes": {tensor: [...]}, "sha256": ...}, the
last one of the weights; with --model also "hidden": the shape of what the model makes of a sentence.
"""

import sys

import report
from huggingface_hub import hf_hub_download
from safetensors.numpy import load_file
from transformers import AutoConfig, AutoTokenizer

SENTENCE = "hello world"


def load():
    repo = sys.argv[1]
    config = AutoConfig.from_pretrained(repo)
    tokenizer = AutoTokenizer.from_pretrained(repo)
    weights = hf_hub_download(repo, "model.safetensors")
    tensors = load_file(weights)
    ids = tokenizer(SENTENCE)["input_ids"]
    result = {
        "config": {"type": config.model_type, "hidden": config.hidden_size},
        "tokens": tokenizer.convert_ids_to_tokens(ids),
        "shapes": {name: list(tensor.shape) for name, tensor in tensors.items()},
        "sha256": report.sha256(weights),
    }
    if "--model" in sys.argv:
        result["hidden"] = hidden(repo, tokenizer)
    return result


def hidden(repo, tokenizer):
    from transformers import AutoModel

    model = AutoModel.from_pretrained(repo)
    return list(model(**tokenizer(SENTENCE, return_tensors="pt")).last_hidden_state.shape)


report.of(load)
