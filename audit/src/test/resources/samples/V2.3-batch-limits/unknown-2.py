from vllm import LLM

def make(count):
    return LLM(model="/models/llama", max_num_seqs=count)
