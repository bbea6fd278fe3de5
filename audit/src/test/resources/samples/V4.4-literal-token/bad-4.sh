vllm serve /models/llama --api-key 9f8e7d6c5b4a39281706
