export VLLM_API_KEY="vllm-9f27c04be1"
