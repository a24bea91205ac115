/**
 * OpenVINO's intermediate representation. Here is what reading and writing share: the names by
 * which a weight is known in it ({@link phiquant.engine.openvino.IrNames}), those of optimum's
 * exporter.
 */
package phiquant.engine.openvino;
