vllm serve /models/a --gpu-memory-utilization "$FRACTION"
