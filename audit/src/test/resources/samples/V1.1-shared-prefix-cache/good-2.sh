vllm serve /models/llama --no-enable-prefix-caching --host 127.0.0.1
