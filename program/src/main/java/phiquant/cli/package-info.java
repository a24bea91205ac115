/**
 * The command line: a class for each command, a thin face of the library. {@code Main} lists them.
 */
package phiquant.cli;
