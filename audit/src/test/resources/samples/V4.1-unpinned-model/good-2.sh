vllm serve /models/llama
