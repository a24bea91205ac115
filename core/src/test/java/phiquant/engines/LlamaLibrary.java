package phiquant.engines;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import phiquant.UserError;

/**
 * llama.cpp's own library, prebuilt, called directly: so that tests let the real engine judge a
 * file. Source of the calls: llama.h and ggml-backend.h.
 */
public final class LlamaLibrary {
  /**
   * Parameter structs are passed by value. They grow from version to version, and a callee reads
   * only as much of the stack as it knows, so one generous size serves all.
   */
  private static final MemoryLayout PARAMETERS =
      MemoryLayout.structLayout(MemoryLayout.sequenceLayout(64, JAVA_LONG).withName("all"));

  /** struct llama_batch: a count and six pointers. */
  private static final MemoryLayout BATCH =
      MemoryLayout.structLayout(
          JAVA_INT, MemoryLayout.paddingLayout(4), MemoryLayout.sequenceLayout(6, ADDRESS));

  private final SymbolLookup symbols;

  private LlamaLibrary(SymbolLookup symbols) {
    this.symbols = symbols;
  }

  /**
   * Loads the libraries of a folder.
   *
   * @throws UserError if they are not there or do not fit this machine
   */
  public static LlamaLibrary open(Path folder) {
    Arena forever = Arena.global();
    try {
      SymbolLookup base = SymbolLookup.libraryLookup(find(folder, "libggml-base"), forever);
      SymbolLookup ggml = SymbolLookup.libraryLookup(find(folder, "libggml."), forever);
      SymbolLookup llama = SymbolLookup.libraryLookup(find(folder, "libllama."), forever);
      LlamaLibrary library = new LlamaLibrary(llama.or(ggml).or(base));
      library.silence();
      library.call(
          "ggml_backend_load_all_from_path",
          FunctionDescriptor.ofVoid(ADDRESS),
          forever.allocateFrom(folder.toString()));
      return library;
    } catch (IllegalArgumentException | IOException e) {
      throw new UserError(folder + " does not hold llama.cpp's libraries for this machine.", e);
    }
  }

  private static Path find(Path folder, String prefix) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> file.getFileName().toString().startsWith(prefix))
          .filter(file -> file.toString().endsWith(".so"))
          .findFirst()
          .orElseThrow(() -> new IOException("no " + prefix));
    }
  }

  /** The log goes nowhere: a callback that does nothing is any function that ignores arguments. */
  private void silence() {
    call(
        "llama_log_set",
        FunctionDescriptor.ofVoid(ADDRESS, ADDRESS),
        Quiet.callback(),
        MemorySegment.NULL);
  }

  /** Calls a function by name; for what returns nothing. */
  void call(String name, FunctionDescriptor descriptor, Object... arguments) {
    invoke(name, descriptor, arguments);
  }

  /** Calls a function by name. */
  Object invoke(String name, FunctionDescriptor descriptor, Object... arguments) {
    MethodHandle handle =
        Linker.nativeLinker().downcallHandle(symbols.findOrThrow(name), descriptor);
    try {
      return handle.invokeWithArguments(arguments);
    } catch (Throwable e) {
      throw new IllegalStateException(name + " could not be called", e);
    }
  }

  /** Default parameters of one kind, in memory of the arena. */
  MemorySegment parameters(String name, Arena arena) {
    MethodHandle handle =
        Linker.nativeLinker()
            .downcallHandle(symbols.findOrThrow(name), FunctionDescriptor.of(PARAMETERS));
    try {
      return (MemorySegment)
          handle.invokeWithArguments(
              (java.lang.foreign.SegmentAllocator) (size, align) -> arena.allocate(size, align));
    } catch (Throwable e) {
      throw new IllegalStateException(name + " could not be called", e);
    }
  }

  /**
   * Loads a model.
   *
   * @param context positions that it can hold
   * @throws UserError if llama.cpp does not load it
   */
  public Session load(Path model, int context) {
    return new Session(model, context, MemorySegment.NULL);
  }

  /** The same, and every node of its graph is shown. */
  public Session load(Path model, int context, LlamaCollector collector) {
    return new Session(model, context, collector.callback());
  }

  /** Continues a text greedily by that many tokens. */
  public String complete(Path model, String prompt, int tokens) {
    try (Session session = load(model, 512)) {
      int[] ids = session.tokenize(prompt, true);
      StringBuilder text = new StringBuilder();
      float[] last = session.logits(ids)[ids.length - 1];
      for (int i = 0; i < tokens; i++) {
        int next = argmax(last);
        text.append(session.piece(next));
        last = session.decode(new int[] {next}, ids.length + i)[0];
      }
      return text.toString();
    }
  }

  /** Index of the largest, the first of equals. */
  public static int argmax(float[] values) {
    int best = 0;
    for (int i = 1; i < values.length; i++) {
      if (values[i] > values[best]) {
        best = i;
      }
    }
    return best;
  }

  /** Where fields of llama_context_params lie (checked against their default values). */
  private static final int N_CTX = 0;

  private static final int N_BATCH = 4;
  private static final int N_UBATCH = 8;
  private static final int N_THREADS = 28;
  private static final int FLASH_ATTENTION = 52;
  private static final int EACH_NODE = 88;
  private static final int TYPE_K = 104;
  private static final int TYPE_V = 108;

  /** A loaded model with a context of its own. */
  public final class Session implements AutoCloseable {
    private final Arena arena = Arena.ofConfined();
    private final MemorySegment model;
    private final MemorySegment context;
    private final MemorySegment vocabulary;
    private final int tokens;
    private final int size;

    private Session(Path path, int size, MemorySegment eachNode) {
      this.size = size;
      model =
          (MemorySegment)
              invoke(
                  "llama_model_load_from_file",
                  FunctionDescriptor.of(ADDRESS, ADDRESS, PARAMETERS),
                  arena.allocateFrom(path.toString()),
                  parameters("llama_model_default_params", arena));
      if (model.address() == 0) {
        arena.close();
        throw new UserError("llama.cpp does not load " + path + ".");
      }
      MemorySegment parameters = parameters("llama_context_default_params", arena);
      parameters.set(JAVA_INT, N_CTX, size);
      parameters.set(JAVA_INT, N_BATCH, size);
      parameters.set(JAVA_INT, N_UBATCH, size);
      int threads = Runtime.getRuntime().availableProcessors();
      parameters.set(JAVA_INT, N_THREADS, threads);
      parameters.set(JAVA_INT, N_THREADS + 4, threads);
      // f32 keys and values and no flash attention: what the weights are worth, nothing else.
      parameters.set(JAVA_INT, FLASH_ATTENTION, 0);
      parameters.set(JAVA_INT, TYPE_K, 0);
      parameters.set(JAVA_INT, TYPE_V, 0);
      parameters.set(ADDRESS, EACH_NODE, eachNode);
      context =
          (MemorySegment)
              invoke(
                  "llama_init_from_model",
                  FunctionDescriptor.of(ADDRESS, ADDRESS, PARAMETERS),
                  model,
                  parameters);
      vocabulary =
          (MemorySegment)
              invoke("llama_model_get_vocab", FunctionDescriptor.of(ADDRESS, ADDRESS), model);
      tokens =
          (int)
              invoke("llama_vocab_n_tokens", FunctionDescriptor.of(JAVA_INT, ADDRESS), vocabulary);
    }

    /**
     * Token ids of a text; nothing is added.
     *
     * @param special whether the text of special tokens stands for them
     */
    public int[] tokenize(String text, boolean special) {
      try (Arena local = Arena.ofConfined()) {
        byte[] bytes = text.getBytes(java.nio.charset.StandardCharsets.UTF_8);
        MemorySegment in = local.allocate(bytes.length + 1L);
        MemorySegment.copy(bytes, 0, in, JAVA_BYTE, 0, bytes.length);
        int room = bytes.length + 16;
        MemorySegment out = local.allocate(JAVA_INT, room);
        int count =
            (int)
                invoke(
                    "llama_tokenize",
                    FunctionDescriptor.of(
                        JAVA_INT,
                        ADDRESS,
                        ADDRESS,
                        JAVA_INT,
                        ADDRESS,
                        JAVA_INT,
                        ValueLayout.JAVA_BOOLEAN,
                        ValueLayout.JAVA_BOOLEAN),
                    vocabulary,
                    in,
                    bytes.length,
                    out,
                    room,
                    false,
                    special);
        return out.asSlice(0, 4L * count).toArray(JAVA_INT);
      }
    }

    /**
     * Loads an adapter, which is in all logits from now on.
     *
     * @throws UserError if llama.cpp does not load it
     */
    public void adapt(Path path) {
      MemorySegment adapter =
          (MemorySegment)
              invoke(
                  "llama_adapter_lora_init",
                  FunctionDescriptor.of(ADDRESS, ADDRESS, ADDRESS),
                  model,
                  arena.allocateFrom(path.toString()));
      if (adapter.address() == 0) {
        throw new UserError("llama.cpp does not load " + path + ".");
      }
      MemorySegment adapters = arena.allocate(ADDRESS);
      adapters.set(ADDRESS, 0, adapter);
      invoke(
          "llama_set_adapters_lora",
          FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS),
          context,
          adapters,
          1L,
          arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1));
    }

    /** The text of a token. */
    public String piece(int token) {
      try (Arena local = Arena.ofConfined()) {
        MemorySegment out = local.allocate(256);
        int length =
            (int)
                invoke(
                    "llama_token_to_piece",
                    FunctionDescriptor.of(
                        JAVA_INT,
                        ADDRESS,
                        JAVA_INT,
                        ADDRESS,
                        JAVA_INT,
                        JAVA_INT,
                        ValueLayout.JAVA_BOOLEAN),
                    vocabulary,
                    token,
                    out,
                    256,
                    0,
                    true);
        byte[] bytes = out.asSlice(0, Math.max(0, length)).toArray(JAVA_BYTE);
        return new String(bytes, java.nio.charset.StandardCharsets.UTF_8);
      }
    }

    /**
     * Logits after each token of a sequence that begins anew.
     *
     * @return shape [ids, vocabulary]
     */
    public float[][] logits(int[] ids) {
      clear();
      return decode(ids, 0);
    }

    private void clear() {
      MemorySegment memory =
          (MemorySegment)
              invoke("llama_get_memory", FunctionDescriptor.of(ADDRESS, ADDRESS), context);
      call(
          "llama_memory_clear",
          FunctionDescriptor.ofVoid(ADDRESS, ValueLayout.JAVA_BOOLEAN),
          memory,
          true);
    }

    /** Reads a sequence that begins anew, for the logits after its last token only. */
    public void read(int[] ids) {
      clear();
      try (Arena local = Arena.ofConfined()) {
        MemorySegment batch = batch(ids, 0, local);
        batch.get(ADDRESS, 48).reinterpret(ids.length).asSlice(0, ids.length - 1L).fill((byte) 0);
        invoke("llama_decode", FunctionDescriptor.of(JAVA_INT, ADDRESS, BATCH), context, batch);
        call("llama_synchronize", FunctionDescriptor.ofVoid(ADDRESS), context);
      }
    }

    /** Logits after each of some tokens that follow {@code position} earlier ones. */
    private float[][] decode(int[] ids, int position) {
      if (position + ids.length > size) {
        throw new IllegalArgumentException(ids.length + " tokens do not fit " + size);
      }
      try (Arena local = Arena.ofConfined()) {
        int code =
            (int)
                invoke(
                    "llama_decode",
                    FunctionDescriptor.of(JAVA_INT, ADDRESS, BATCH),
                    context,
                    batch(ids, position, local));
        if (code != 0) {
          throw new UserError("llama.cpp could not decode: code " + code + ".");
        }
        MemorySegment logits =
            ((MemorySegment)
                    invoke("llama_get_logits", FunctionDescriptor.of(ADDRESS, ADDRESS), context))
                .reinterpret(4L * ids.length * tokens);
        float[][] rows = new float[ids.length][];
        for (int i = 0; i < ids.length; i++) {
          rows[i] = logits.asSlice(4L * i * tokens, 4L * tokens).toArray(ValueLayout.JAVA_FLOAT);
        }
        return rows;
      }
    }

    /** A batch of one sequence that wants logits for every token. */
    private static MemorySegment batch(int[] ids, int position, Arena arena) {
      MemorySegment positions = arena.allocate(JAVA_INT, ids.length);
      MemorySegment counts = arena.allocate(JAVA_INT, ids.length);
      MemorySegment sequences = arena.allocate(ADDRESS, ids.length);
      MemorySegment zero = arena.allocate(JAVA_INT);
      MemorySegment wanted = arena.allocate(ids.length);
      for (int i = 0; i < ids.length; i++) {
        positions.setAtIndex(JAVA_INT, i, position + i);
        counts.setAtIndex(JAVA_INT, i, 1);
        sequences.setAtIndex(ADDRESS, i, zero);
        wanted.set(JAVA_BYTE, i, (byte) 1);
      }
      MemorySegment batch = arena.allocate(BATCH);
      batch.set(JAVA_INT, 0, ids.length);
      batch.set(ADDRESS, 8, arena.allocateFrom(JAVA_INT, ids));
      batch.set(ADDRESS, 24, positions);
      batch.set(ADDRESS, 32, counts);
      batch.set(ADDRESS, 40, sequences);
      batch.set(ADDRESS, 48, wanted);
      return batch;
    }

    @Override
    public void close() {
      call("llama_free", FunctionDescriptor.ofVoid(ADDRESS), context);
      call("llama_model_free", FunctionDescriptor.ofVoid(ADDRESS), model);
      arena.close();
    }
  }
}
