export OPENAI_API_KEY="sk-local"
export OPENAI_BASE_URL=http://127.0.0.1:8000/v1
VLLM_API_KEY=not-needed
