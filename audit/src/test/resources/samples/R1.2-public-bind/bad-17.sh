$ENGINE run --rm --gpus all -p 8000:8000 vllm/vllm-openai:v0.26.0 --model /models/a
