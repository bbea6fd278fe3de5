import subprocess

subprocess.Popen(["vllm", "serve", "/models/llama", "--port", "8000"])
