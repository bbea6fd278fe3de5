import os

from transformers import AutoModelForCausalLM

remote = os.environ["REMOTE"]
model = AutoModelForCausalLM.from_pretrained("/models/a", trust_remote_code=remote)
