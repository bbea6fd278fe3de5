TOKEN_OF_HUB=$(cat /run/secrets/hub)
HF_TOKEN="$TOKEN_OF_HUB"
export HF_TOKEN="$HF_TOKEN"
