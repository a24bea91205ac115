/**
 * Files and folders that appear whole or not at all, whatever ends the run. Begin with {@link
 * phiquant.publish.Publication}.
 */
package phiquant.publish;
