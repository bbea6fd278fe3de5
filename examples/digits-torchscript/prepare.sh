# TorchScript is code, so somebody vouches for it: here you do, by a key of your own.
"$root/redoubt" models keygen --out "$folder/key" 2>/dev/null || exit 70
for model in preprocess classifier; do
    "$root/redoubt" models sign "$folder/$model.pt" --key "$folder/key.pem" 2>/dev/null || exit 70
done
