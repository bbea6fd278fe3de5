vllm serve /models/llama --max-num-seqs 256
