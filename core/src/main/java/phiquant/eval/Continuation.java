package phiquant.eval;

/**
 * What a model says to a prompt when it always takes the most probable token, split where it first
 * leaves the original's answer.
 *
 * @param prompt what it was asked
 * @param same as the original says it; all of it if the answers are equal
 * @param differing text of the first token that is another, or empty
 * @param rest what follows
 */
public record Continuation(String prompt, String same, String differing, String rest) {}
