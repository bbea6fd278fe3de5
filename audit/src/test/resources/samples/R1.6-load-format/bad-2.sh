vllm serve /models/llama --load-format npcache
