import os

from vllm import LLM

room = float(os.environ["ROOM"])
llm = LLM("/models/a", swap_space=room)
