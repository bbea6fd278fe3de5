"$root/redoubt" models pull smollm2-135m-instruct || exit 69
route=v1/chat/completions # where language models are called
