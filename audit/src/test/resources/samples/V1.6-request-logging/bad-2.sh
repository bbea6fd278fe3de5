vllm serve /models/llama --enable-log-requests
