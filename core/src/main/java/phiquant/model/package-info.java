/**
 * What a Phi is. {@link phiquant.model.PhiModel} has the weights by role and layer, {@link
 * phiquant.model.Network} says what they compute, in the verbs of {@link phiquant.model.Flow}, to
 * which kernels and graphs give a meaning. The members of the family are in {@code phi}.
 */
package phiquant.model;
