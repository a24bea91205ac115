/**
 * From a tensor as a checkpoint has it to the matrix that multiplies it: the layout decides which
 * kernel. What has no kernel of its own is here too: tensors that only their reader decodes, rows
 * of several formats, matrices stored turned. Read {@code Matrices} first.
 */
package phiquant.run.matrix.stored;
