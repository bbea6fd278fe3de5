vllm serve /models/llama --api-key "$VLLM_KEY"
