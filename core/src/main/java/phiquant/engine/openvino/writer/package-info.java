/**
 * Writes a network as a stateful OpenVINO graph; a model that sees as four. {@link
 * phiquant.engine.openvino.writer.OpenVino} is the target, {@code IrFlow} what verbs become, {@code
 * TextFlow} and {@code SightFlow} what goes in and out, {@code SeeingFolder} what a model that sees
 * needs beside, {@code LayerChoice} which weights get four bits, {@code WeightConstants} how they
 * are stored. Sources: optimum-intel's export and NNCF's weight compression.
 */
package phiquant.engine.openvino.writer;
