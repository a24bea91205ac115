package phiquant.advise;

import java.util.Map;

/**
 * An engine with its device, as {@code engines.json} describes it: what phiquant makes for it.
 *
 * @param targets the target for each precision that it runs well, by {@code int4}, {@code int8},
 *     {@code fp16}, {@code fp32}
 * @param cacheBytes bytes of a number in its key-value cache
 * @param run how to start it, with {@code {artifact}} and {@code {context}} to fill in
 * @param why one would choose it
 */
public record DeviceEngine(
    Map<String, String> targets, double cacheBytes, String run, String why) {}
