from vllm import LLM

llm = LLM(
    model="/models/llama",
    max_model_len=4096,
    max_num_seqs=64,
    max_num_batched_tokens=4096,
    gpu_memory_utilization=0.8,
)
