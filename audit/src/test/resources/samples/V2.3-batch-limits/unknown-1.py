import os

from vllm import LLM

seats = int(os.environ["SEATS"])
llm = LLM("/models/a", max_num_seqs=seats)
