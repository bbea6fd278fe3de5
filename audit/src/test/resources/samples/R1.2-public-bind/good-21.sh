python3 -m vllm.entrypoints.openai.api_server --version
