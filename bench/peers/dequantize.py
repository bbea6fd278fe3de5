"""Run by vLLM's own Python: writes the weights of a GGUF file as safetensors in bf16, with the tokenizer.

  dequantize.py FILE.gguf FOLDER
"""

import sys
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

source, target = Path(sys.argv[1]), Path(sys.argv[2])
tokenizer = AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name)
floats = GgufConfig(dequantize=True)
model = AutoModelForCausalLM.from_pretrained(
    source.parent, gguf_file=source.name, quantization_config=floats, dtype=torch.bfloat16
)
model.save_pretrained(target)
tokenizer.save_pretrained(target)
