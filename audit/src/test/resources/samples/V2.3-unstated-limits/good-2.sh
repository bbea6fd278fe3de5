vllm serve /models/llama "$@"
