FROM vllm/vllm-openai:v0.19.1
COPY models /models
