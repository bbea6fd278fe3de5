MODEL=/models/llama
python3 -m vllm.entrypoints.openai.api_server --model $MODEL \
    --port 9000
