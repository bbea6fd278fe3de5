vllm serve /models/llama --max-model-len 4096
