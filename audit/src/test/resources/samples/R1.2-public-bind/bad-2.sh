set -e
exec vllm serve /models/llama --port 8000 --api-key "$KEY"
