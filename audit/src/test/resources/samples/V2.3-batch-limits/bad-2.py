from vllm import EngineArgs

args = EngineArgs(model="/models/llama", max_num_batched_tokens=4 * 8192)
