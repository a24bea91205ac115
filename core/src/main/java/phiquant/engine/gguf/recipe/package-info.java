/**
 * Which type llama-quantize gives every weight: {@link phiquant.engine.gguf.recipe.GgufRecipe}, for
 * each of the mixes of {@link phiquant.engine.gguf.recipe.GgufFileType}. Source: llama.cpp's
 * llama-quant.cpp.
 */
package phiquant.engine.gguf.recipe;
