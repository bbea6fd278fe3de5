import hashlib
import os

from transformers import AutoModel

PINNED = "0f" * 32


def load(folder):
    with open(os.path.join(folder, "config.json"), "rb") as file:
        if hashlib.sha256(file.read()).hexdigest() != PINNED:
            raise ValueError("another model")
    return AutoModel.from_pretrained(folder)
