vllm serve /models/a --nnodes 2 --node-rank 1 --headless
