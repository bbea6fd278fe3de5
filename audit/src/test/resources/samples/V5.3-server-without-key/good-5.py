import subprocess

import modal

app = modal.App("chat")


@app.function(gpu="H100")
@modal.web_server(port=8000, requires_proxy_auth=True)
def serve():
    subprocess.Popen(["vllm", "serve", "org/model", "--revision", "0123456789abcdef", "--host", "0.0.0.0"])
