/**
 * What every room may need: {@link phiquant.UserError}, the one exception that a person reads, and
 * a few things like it; and {@link phiquant.Quantize}, where a Java program begins. The rooms are
 * listed in CONTRIBUTING.md, {@code ArchitectureTest} says which may know which.
 */
package phiquant;
