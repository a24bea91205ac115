package phiquant.advise;

import java.util.List;

/**
 * What to make of a checkpoint for a device, why, and what else was considered.
 *
 * @param model the checkpoint's name
 * @param parameters of the model
 * @param device for which
 * @param context tokens that the cache must hold
 * @param best what to choose: the smallest if nothing fits
 * @param choices all that were considered
 * @param why one would choose it, sentences
 * @param command that makes it
 * @param run how to start the engine
 */
public record Advice(
    String model,
    long parameters,
    Device device,
    int context,
    Choice best,
    List<Choice> choices,
    List<String> why,
    String command,
    String run) {}
