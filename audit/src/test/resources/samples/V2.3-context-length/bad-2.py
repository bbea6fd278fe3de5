from vllm import LLM

KIB = 1024
llm = LLM(model="/models/llama", max_model_len=8 * KIB)
