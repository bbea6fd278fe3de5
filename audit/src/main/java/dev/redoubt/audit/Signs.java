package dev.redoubt.audit;

import dev.redoubt.audit.facts.PythonModule;
import java.util.Set;
import java.util.regex.Pattern;

/// Signs of a model in a program: libraries that have to do with one, and words. What shows hardly any, with all that
/// it
/// is a part of, serves none, whatever else it imports.
final class Signs {
    private Signs() {}

    private static final String[] OF_RAY = {"ray.serve.llm", "ray.train", "ray.data", "ray.rllib", "ray.tune", "ray.llm"
    };

    /* What runs a model, asks one, or stores what one has made. */
    private static final Set<String> LIBRARIES = Set.of(
            "torch",
            "torchvision",
            "torchaudio",
            "transformers",
            "vllm",
            "tensorflow",
            "keras",
            "jax",
            "flax",
            "onnx",
            "onnxruntime",
            "onnxruntime_genai",
            "sklearn",
            "xgboost",
            "lightgbm",
            "catboost",
            "joblib",
            "mlflow",
            "sentence_transformers",
            "diffusers",
            "peft",
            "accelerate",
            "deepspeed",
            "ctransformers",
            "llama_cpp",
            "lmdeploy",
            "sglang",
            "outlines",
            "optimum",
            "safetensors",
            "huggingface_hub",
            "tokenizers",
            "tiktoken",
            "tritonclient",
            "bentoml",
            "openai",
            "anthropic",
            "litellm",
            "ollama",
            "groq",
            "cohere",
            "mistralai",
            "google",
            "langchain",
            "langchain_core",
            "langchain_community",
            "langchain_openai",
            "langchain_ollama",
            "langgraph",
            "llama_index",
            "haystack",
            "dspy",
            "instructor",
            "pydantic_ai",
            "smolagents",
            "crewai",
            "autogen",
            "gradio",
            "ultralytics",
            "cv2",
            "easyocr",
            "paddleocr",
            "paddle",
            "insightface",
            "facenet_pytorch",
            "mediapipe",
            "detectron2",
            "timm",
            "open_clip",
            "clip",
            "whisper",
            "faster_whisper",
            "whisperx",
            "pyannote",
            "speechbrain",
            "nemo",
            "TTS",
            "spacy",
            "nltk",
            "gensim",
            "fasttext",
            "flair",
            "prophet",
            "statsmodels",
            "chromadb",
            "qdrant_client",
            "faiss",
            "pinecone",
            "weaviate",
            "pymilvus");
    private static final Pattern WORD =
            Pattern.compile("(?i)\\bllms?\\b|openai|/v1/|vllm|ollama|chat_?completion|embedding|model");
    private static final int WORDS_MAX = 3;

    static boolean isOfRay(PythonModule module) {
        return module.importsAny(OF_RAY);
    }

    /// How often a text speaks of models, up to three times; three if it imports what has to do with one.
    static int of(PythonModule module) {
        if (isOfRay(module)) return WORDS_MAX;
        for (String imported : module.imports()) if (LIBRARIES.contains(imported.split("\\.", 2)[0])) return WORDS_MAX;
        return (int)
                WORD.matcher(module.source().text()).results().limit(WORDS_MAX).count();
    }

    /// Whether so many signs of a model, in a program and all that it is a part of, are none.
    static boolean areNone(int signs) {
        return signs < WORDS_MAX;
    }
}
