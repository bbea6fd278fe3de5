vllm serve /models/llama --no-enable-log-requests
