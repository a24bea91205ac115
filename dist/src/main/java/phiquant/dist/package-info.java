/**
 * What people install: a folder with the Java that it needs, as it is, in an archive, in a Debian
 * package and in a Python wheel. {@link phiquant.dist.Distribution} makes them all on the system
 * that they are for; {@code docs/platforms.md} says where that was tried.
 */
package phiquant.dist;
