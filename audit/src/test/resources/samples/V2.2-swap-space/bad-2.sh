vllm serve /models/llama --swap-space 16
