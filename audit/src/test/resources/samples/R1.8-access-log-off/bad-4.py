def command(model):
    return ["vllm", "serve", model, "--disable-uvicorn-access-log"]
