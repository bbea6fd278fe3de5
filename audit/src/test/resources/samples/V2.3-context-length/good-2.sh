vllm serve /models/llama --max-model-len 2048
