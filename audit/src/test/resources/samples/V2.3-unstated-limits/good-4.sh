vllm serve /models/a --config /etc/vllm/config.yaml
