/**
 * Files of the format safetensors: {@link phiquant.checkpoint.safetensors.SafetensorsHeader} is
 * what stands at the beginning of one, {@link phiquant.checkpoint.safetensors.SafetensorsFile} one
 * that is mapped, {@link phiquant.checkpoint.safetensors.Shards} a model in several.
 */
package phiquant.checkpoint.safetensors;
