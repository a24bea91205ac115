package phiquant.serve.api;

import phiquant.run.Generation;

/**
 * What a client asks for: a prompt as tokens, and how to continue it.
 *
 * @param prompt the tokens
 * @param asked how many tokens, how they are chosen, what ends the answer
 * @param alternatives how many answers, each with a seed of its own
 * @param stream whether the answer comes piece by piece
 * @param countsAtEnd whether a stream ends with the counts of tokens
 */
public record Question(
    int[] prompt, Generation asked, int alternatives, boolean stream, boolean countsAtEnd) {}
