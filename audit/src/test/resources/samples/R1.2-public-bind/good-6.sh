docker pull vllm/vllm-openai
docker tag vllm/vllm-openai:v0.9.2 registry.local/vllm/vllm-openai:v0.9.2
