/**
 * Writes a network as a stateful OpenVINO graph. {@link phiquant.engine.openvino.writer.OpenVino}
 * is the target, {@code IrFlow} what the network's verbs become, {@code LayerChoice} which weights
 * get four bits, {@code WeightConstants} how they are stored. Sources: optimum-intel's export and
 * NNCF's weight compression.
 */
package phiquant.engine.openvino.writer;
