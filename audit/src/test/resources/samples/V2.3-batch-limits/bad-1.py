from vllm import LLM

llm = LLM(model="/models/llama", max_num_seqs=512)
