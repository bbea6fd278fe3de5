import subprocess

import modal

app = modal.App("batch")


@app.function(gpu="H100")
def answers(prompts):
    subprocess.Popen(["vllm", "serve", "/models/llama", "--host", "127.0.0.1"])
    return prompts
