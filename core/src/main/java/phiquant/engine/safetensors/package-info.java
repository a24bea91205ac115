/**
 * Hugging Face's own form: plain weights for transformers. {@link
 * phiquant.engine.safetensors.Safetensors} is the target, {@link
 * phiquant.engine.safetensors.SafetensorsLayout} a file's header. Format: safetensors' README.
 */
package phiquant.engine.safetensors;
