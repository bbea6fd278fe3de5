vllm serve /models/llama --disable-uvicorn-access-log
