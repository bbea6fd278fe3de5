source not-there.env.sh
vllm serve /models/a --host 0.0.0.0
