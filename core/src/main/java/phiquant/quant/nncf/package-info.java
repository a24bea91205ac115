/**
 * The formats of OpenVINO's compressed weights, as NNCF makes them: integers, NF4 and MXFP4. {@link
 * phiquant.quant.nncf.CompressionFormat} is one of them. Source: NNCF's weight_lowering.py.
 */
package phiquant.quant.nncf;
