from vllm import AsyncEngineArgs

args = AsyncEngineArgs(model="/models/llama", max_model_len=4096, max_num_seqs=64)
