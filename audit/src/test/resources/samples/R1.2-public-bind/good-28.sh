cmd=(vllm serve /models/a
  --port 8000
  --host 127.0.0.1
)
exec "${cmd[@]}"
