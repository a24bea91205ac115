/**
 * What vector encoders of several peers share: the ranges of groups, and the way of codes from
 * lanes to packed bytes. Start with {@link phiquant.quant.wide.Quads}.
 */
package phiquant.quant.wide;
