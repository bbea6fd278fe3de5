from vllm import LLM

llm = LLM(model="/models/llama", max_num_seqs=64, max_num_batched_tokens=4096)
