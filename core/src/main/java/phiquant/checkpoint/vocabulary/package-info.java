/**
 * What a checkpoint says of its texts, as stored: the alphabet that bytes are written in, how texts
 * are split, a vocabulary in tiktoken's form, templates of chats. Who encodes and decodes with them
 * is in {@code tokenizer}.
 */
package phiquant.checkpoint.vocabulary;
