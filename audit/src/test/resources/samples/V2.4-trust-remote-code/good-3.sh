# never --trust-remote-code
vllm serve /models/llama --host 127.0.0.1
