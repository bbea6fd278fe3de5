vllm serve /models/llama --kv-offloading-size 8
