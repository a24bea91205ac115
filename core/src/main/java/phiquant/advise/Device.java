package phiquant.advise;

import java.util.List;

/**
 * A kind of machine that people own, as the table {@code devices.json} describes it. Memory and
 * bandwidth decide what a language model may weigh and how fast it answers, so little else is here.
 *
 * @param id what {@code --device} takes
 * @param name for people
 * @param kind {@code phone}, {@code iot}, {@code pc}, {@code browser}, {@code gpu}, {@code mac} or
 *     {@code server}
 * @param memoryGb memory in 10⁹ bytes
 * @param share of it that a model may take beside the system and other programs
 * @param bandwidth of the memory at its peak, 10⁹ bytes per second; measured for {@code this}
 * @param memory type, transfers per second (millions) and width, from which the bandwidth follows
 * @param engines that run there, by their names in {@code engines.json}, the best first
 * @param note what a user should know, or null
 * @param source who states the numbers
 */
public record Device(
    String id,
    String name,
    String kind,
    double memoryGb,
    double share,
    double bandwidth,
    String memory,
    List<String> engines,
    String note,
    String source) {

  /** Bytes that a model may take. */
  public long usable() {
    return (long) (memoryGb * share * 1e9);
  }

  /** The same device with another memory, in 10⁹ bytes. */
  public Device withMemory(double gb) {
    return new Device(id, name, kind, gb, share, bandwidth, memory, engines, note, source);
  }

  /**
   * Whether the smallest precision is best whatever fits: batteries, and memory that apps share.
   */
  public boolean frugal() {
    return kind.equals("phone") || kind.equals("iot") || kind.equals("browser");
  }
}
