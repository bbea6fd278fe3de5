SHARE=0.98
vllm serve /models/llama --gpu-memory-utilization $SHARE
