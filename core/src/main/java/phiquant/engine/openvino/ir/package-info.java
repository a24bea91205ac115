/**
 * A graph as OpenVINO's files have it: {@link phiquant.engine.openvino.ir.Ir} grows operator by
 * operator, {@link phiquant.engine.openvino.ir.IrXml} writes the XML, {@link
 * phiquant.engine.openvino.ir.Bin} lays out the constants. Source: OpenVINO's operation sets, IR
 * version 11.
 */
package phiquant.engine.openvino.ir;
