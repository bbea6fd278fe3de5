export VLLM_SERVER_DEV_MODE=1
vllm serve /models/llama
