vllm serve /models/llama --load-format auto
