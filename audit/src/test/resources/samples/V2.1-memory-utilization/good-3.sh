vllm serve /models/llama --gpu-memory-utilization 0.8
