package com.llama4j;

import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.IntStream;

/** Tokens per second of llama3.java as RunSpeed measures ours: FILE REPETITIONS BATCH. */
final class Llama3Speed {
  private static final int PROMPT = 256;
  private static final int DECODED = 64;

  /** "1, 2, 3, 4, 5," in SmolLM2's tokens, and how many to add: engines are to agree on them. */
  private static final int[] COUNTING = {33, 28, 216, 34, 28, 216, 35, 28, 216, 36, 28, 216, 37, 28};

  private static final int ADDED = 24;

  public static void main(String[] args) throws Exception {
    try (FileChannel channel = FileChannel.open(Path.of(args[0]))) {
      GGUF gguf = GGUF.loadModel(channel, args[0]);
      Map<String, Object> metadata = gguf.getMetadata();
      Map<String, GGMLTensorEntry> tensors =
          GGUF.loadTensors(channel, gguf.getTensorDataOffset(), gguf.getTensorInfos());
      int vocabulary = tensors.get("token_embd.weight").shape()[1];
      Llama.Configuration config =
          new Llama.Configuration(
              (int) metadata.get("llama.embedding_length"),
              (int) metadata.get("llama.feed_forward_length"),
              (int) metadata.get("llama.block_count"),
              (int) metadata.get("llama.attention.head_count"),
              (int) metadata.get("llama.attention.head_count_kv"),
              vocabulary,
              PROMPT + DECODED,
              (float) metadata.get("llama.attention.layer_norm_rms_epsilon"),
              (float) metadata.get("llama.rope.freq_base"));
      Llama model = new Llama(config, null, ModelLoader.loadWeights(tensors, config));
      int batch = Integer.parseInt(args[2]);
      int[] ids =
          IntStream.range(0, PROMPT + DECODED)
              .map(i -> (int) ((7919L * i + 13) % vocabulary))
              .toArray();
      double prefill = 0;
      double decode = 0;
      for (int r = 0; r < Integer.parseInt(args[1]); r++) {
        Llama.State state = new Llama.State(config, batch);
        long begin = System.nanoTime();
        for (int t = 0; t < PROMPT; t += batch) {
          int to = Math.min(PROMPT, t + batch);
          Llama.forward(model, state, Arrays.copyOfRange(ids, t, to), t, to == PROMPT);
        }
        long middle = System.nanoTime();
        for (int t = PROMPT; t < ids.length; t++) {
          Llama.forward(model, state, new int[] {ids[t]}, t, true);
        }
        long end = System.nanoTime();
        prefill = Math.max(prefill, PROMPT * 1e9 / (middle - begin));
        decode = Math.max(decode, DECODED * 1e9 / (end - middle));
      }
      System.out.printf(
          "{\"engine\":\"llama3.java\",\"file\":\"%s\","
              + "\"prefill_tok_s\":%.1f,\"decode_tok_s\":%.1f,\"continues\":%s}%n",
          Path.of(args[0]).getFileName(),
          prefill,
          decode,
          Arrays.toString(continued(model, config)).replace(" ", ""));
    }
  }

  private static int[] continued(Llama model, Llama.Configuration config) {
    Llama.State state = new Llama.State(config, COUNTING.length);
    Llama.forward(model, state, COUNTING, 0, true);
    int[] added = new int[ADDED];
    for (int i = 0; i < ADDED; i++) {
      added[i] = state.logits.argmax();
      Llama.forward(model, state, new int[] {added[i]}, COUNTING.length + i, true);
    }
    return added;
  }
}
