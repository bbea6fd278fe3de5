import subprocess

import runpod

server = subprocess.Popen(["vllm", "serve", "/weights", "--host", "0.0.0.0"])


def handle(job):
    return job["input"]


runpod.serverless.start({"handler": handle})
