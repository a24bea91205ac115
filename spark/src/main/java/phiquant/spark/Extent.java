package phiquant.spark;

import java.io.Serializable;

/**
 * Bytes of an artifact's file that a machine has encoded, and where they lie until the file is
 * joined.
 *
 * @param artifact which of a pass
 * @param file which of the artifact's
 * @param offset in that file
 * @param length how many
 * @param part address of what they lie in
 * @param at where in it
 */
record Extent(int artifact, int file, long offset, long length, String part, long at)
    implements Serializable {}
