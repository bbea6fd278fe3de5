VLLM_API_KEY=$(cat /run/secrets/key) vllm serve /models/llama
