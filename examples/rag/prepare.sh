# The embeddings are those of the example of that name; the passages go into the jar.
cp "$root/examples/embeddings/"*.java "$folder" || exit 73
. "$root/examples/embeddings/prepare.sh"
mv "$folder/passages.txt" "$folder/classes" || exit 73
"$root/redoubt" models pull smollm2-135m-instruct || exit 69
