/**
 * The members of the family, a file each: its keys in config.json, its tensors, its blocks. {@link
 * phiquant.model.phi.Family} lists them. Source: transformers' modeling files.
 */
package phiquant.model.phi;
