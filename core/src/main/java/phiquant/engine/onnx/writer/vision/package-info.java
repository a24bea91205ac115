/**
 * The two graphs that stand before the decoder of a model that sees: {@code VisionGraph} makes
 * image tokens' features of tiles, {@code PictureEmbedding} puts them among the text's. Source of
 * what goes in and out: {@code multi_modal.cpp} and {@code phi_image_processor.cpp} of ONNX Runtime
 * GenAI 0.18.
 */
package phiquant.engine.onnx.writer.vision;
