vllm serve /models/llama --max-num-seqs=1024
