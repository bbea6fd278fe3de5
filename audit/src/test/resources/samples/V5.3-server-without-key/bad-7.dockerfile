FROM vllm/vllm-openai:v0.19.1
CMD ["--model", "/models/llama"]
