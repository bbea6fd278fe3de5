vllm serve /models/llama --enable-prefix-caching --host 127.0.0.1
