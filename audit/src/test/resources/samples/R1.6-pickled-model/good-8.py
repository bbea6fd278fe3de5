import os

import torch
from ray import serve, train


def loop(config):
    first = 0
    if (checkpoint := train.get_checkpoint()) is not None:
        with checkpoint.as_directory() as folder:
            first = torch.load(os.path.join(folder, "meta.pt"), weights_only=False)["epoch"] + 1
    return first


serve.run(app, name="model")
