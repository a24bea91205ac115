/**
 * What a plan may ask for before it decides, because only the weights, or a text that the model
 * reads, can tell: how far activations reach, how strong they are, how badly 8 bits fit a layer.
 * Begin with {@link phiquant.study.Study}; they are made in {@code pipeline/study}.
 */
package phiquant.study;
