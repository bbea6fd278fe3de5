from vllm import LLM

llm = LLM(model="TheBloke/Llama-2-7B-AWQ", quantization="awq")
