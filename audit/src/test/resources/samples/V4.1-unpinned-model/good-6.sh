MODEL_PATH=${1:-quantized_model/qwen25-7b-gptq}
python -m vllm.entrypoints.openai.api_server --model "$MODEL_PATH" --host 127.0.0.1
