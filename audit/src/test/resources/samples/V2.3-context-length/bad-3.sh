vllm serve /models/llama --max-model-len 131072
