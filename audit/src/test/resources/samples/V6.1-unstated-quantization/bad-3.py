from vllm import LLM

MODEL = "neuralmagic/Meta-Llama-3-8B-Instruct-FP8"
llm = LLM(MODEL)
