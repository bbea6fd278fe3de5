FROM vllm/vllm-openai:v0.8.5
CMD ["--model", "/models/llama", "--host", "0.0.0.0"]
