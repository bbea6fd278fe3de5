vllm serve /models/llama --host 0.0.0.0
