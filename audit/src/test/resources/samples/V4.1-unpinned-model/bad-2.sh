vllm serve meta-llama/Llama-3.1-8B --host 127.0.0.1
