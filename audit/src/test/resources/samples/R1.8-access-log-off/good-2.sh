vllm serve /models/llama --host 127.0.0.1
