from leptonai.api.v1.types.deployment import LeptonContainer

container = LeptonContainer(image="vllm/vllm-openai", command=["vllm", "serve", "/models/a", "--host", "0.0.0.0"])
