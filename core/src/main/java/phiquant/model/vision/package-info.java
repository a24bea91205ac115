/**
 * What a model that sees has beside its text part, in the same verbs: {@code Tower} makes features
 * of pixels, {@code Vision} makes tokens of them. Read {@code Tower} first.
 */
package phiquant.model.vision;
