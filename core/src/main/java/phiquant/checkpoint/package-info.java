/**
 * What people have: {@link phiquant.checkpoint.Checkpoint} gives config.json, tensors and tokenizer
 * files under Hugging Face's names, mapped and not copied. {@link
 * phiquant.checkpoint.HuggingFaceFolder} is the most common kind; GGUF's, ONNX's and OpenVINO's are
 * in their engines' rooms. {@link phiquant.checkpoint.StoredTensor} is one tensor, {@link
 * phiquant.checkpoint.Layout} how it lies. Format: safetensors' README.
 */
package phiquant.checkpoint;
