from vllm import LLM


def engine(count=64):
    return LLM(model="/models/llama", max_num_seqs=min(count, 256), max_num_batched_tokens=4096)
