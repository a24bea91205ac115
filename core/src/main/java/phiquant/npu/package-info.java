/**
 * Compiles graphs of fixed sizes for an NPU by its maker's own library: {@link
 * phiquant.npu.Compile}. What is known of chips is in {@link phiquant.npu.Chip}; the library is
 * what the user has installed, see {@link phiquant.npu.QnnPython}.
 */
package phiquant.npu;
