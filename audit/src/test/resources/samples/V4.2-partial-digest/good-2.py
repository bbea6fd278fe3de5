import hashlib
from pathlib import Path

import torch


def digests(folder):
    found = {}
    for file in [Path(folder, "config.json"), *Path(folder).glob("*.safetensors")]:
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        found[file.name] = digest
    return found
