from vllm import LLM


class Transcriber:
    def __init__(self):
        self.instruction = "Transcribe:"
        self.prefix = f"<|im_start|>user\n{self.instruction}"
        self.audio = f"<|im_start|>user\n{self.placeholder('audio', 0)}<|im_end|>\n"

    def placeholder(self, kind, index):
        return f"<{kind}{index}>"
