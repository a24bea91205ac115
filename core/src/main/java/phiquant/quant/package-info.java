/**
 * The numbers: rows of floats to blocks of bytes and back. A {@link phiquant.quant.BlockFormat} is
 * a pair of pure functions; each family of formats has a room, with the scalar form that reads like
 * the formula and the vector form that equals it bit for bit. docs/formats.md tells each.
 *
 * <p>How vectors stay in registers: a call on a vector is one of an abstract class, and the
 * compiler has to know the vector's class before it can make an instruction of it. Of what was
 * loaded or made by a species that is a constant, it finds out. Of what a loop carries from step to
 * step it does not, because that is the result of a call on itself; there it goes by a profile that
 * all code shares, which is missing if it compiles early, and useless once two widths were used. So
 * <b>what a loop carries is an argument, not the receiver</b>: {@code v.add(sum)}, {@code
 * v.blend(best, worse)}. Where that costs an instruction, a cast to the species' own class says
 * what it is, and costs nothing. Whether a vector became an object all the same, {@code
 * FormatGarbageTest} sees with a compiler that has no profiles.
 */
package phiquant.quant;
