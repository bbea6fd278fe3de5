export VLLM_SERVER_DEV_MODE=0
vllm serve /models/llama
