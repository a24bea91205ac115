/**
 * What a text says of a model that the weights do not: the ranges of activations, for formats that
 * round them to a grid that is fixed beforehand. Begin with {@link
 * phiquant.calibration.Calibration}.
 */
package phiquant.calibration;
