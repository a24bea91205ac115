/**
 * Pictures as models that see them want them: {@code PictureFile} reads one within bounds, {@code
 * CropGrid} says how it is cut, {@code Tiles} are the numbers that a tower gets. All as the
 * released processors compute it, to the bit where they work on bytes.
 */
package phiquant.picture;
