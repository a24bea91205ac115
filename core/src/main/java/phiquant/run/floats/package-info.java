/**
 * Arithmetic on plain floats, which networks do between two products with weights: softmax and
 * gates, and small matrices times vectors. Each is an interface with a scalar form that reads like
 * the formula, and a vector form in a file of its own. Read {@code Rows} first.
 */
package phiquant.run.floats;
