/**
 * What phiquant writes and reads for others. {@link phiquant.engine.Engine} lists the engines, each
 * of which has a room here for what reads its files, what writes them, its names and its recipe;
 * {@link phiquant.engine.Checkpoints} opens any file or folder. These two stand on top: engines
 * know neither them nor each other, only {@code plan}, which has what they share.
 */
package phiquant.engine;
