vllm serve /models/llama --enable-log-outputs --port 80
