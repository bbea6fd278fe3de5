vllm serve /models/llama --disable-log-requests
