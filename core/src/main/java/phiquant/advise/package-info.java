/**
 * Chooses engine, format and precision for a device. {@link phiquant.advise.Advisor} judges what
 * {@code quantize} would make; the devices and what runs on them are tables in {@code devices.json}
 * and {@code engines.json}, each line with its source.
 */
package phiquant.advise;
