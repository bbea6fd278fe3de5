vllm serve /models/llama --trust-remote-code --host 127.0.0.1
