/**
 * Reads an IR as a checkpoint of Hugging Face. Begin with {@link
 * phiquant.engine.openvino.reader.OpenVinoFolder}; {@code IrFile} parses the XML, {@code IrTensors}
 * finds the weights.
 */
package phiquant.engine.openvino.reader;
