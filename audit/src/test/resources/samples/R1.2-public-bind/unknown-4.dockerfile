# Whoever starts it says which model, and where.
FROM vllm/vllm-openai:v0.19.1
RUN pip install bitsandbytes
