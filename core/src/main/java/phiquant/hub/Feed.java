package phiquant.hub;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import phiquant.UserError;
import phiquant.checkpoint.FetchedTensor;

/**
 * Files one behind the other, as a window that moves over all their bytes: parts within it are
 * fetched by several connections at once, hashed in order, read in any order, and let go when they
 * are hashed and nobody will read them any more. Memory is the window, whatever the files' size.
 * What is read outside of the window is fetched for that reader alone, which costs a transfer more.
 */
final class Feed implements FetchedTensor.Origin, AutoCloseable {
  /** Bytes of a request: long enough for a connection to come to speed. */
  static final int PART = 8 << 20;

  /** Parts of the window if no reader needs more: 160 MB. */
  private static final int WINDOW = 20;

  /** Bytes of one tensor that a reader may hold. */
  private static final long LARGEST_SPAN = 256L << 20;

  private static final int CONNECTIONS = 8;

  private final HubName model;
  private final List<Part> parts = new ArrayList<>();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Deque<MemorySegment> free = new ArrayDeque<>();
  private final List<Thread> threads = new ArrayList<>();
  private int window = WINDOW;
  private int fetched;
  private int hashed;
  private int passed;
  private int released;
  private boolean begun;
  private boolean closed;
  private RuntimeException failure;

  /** Bytes of a file that are fetched together. */
  private static final class Part {
    private final Download file;
    private final long offset;
    private final int size;
    private final boolean last;
    private MemorySegment bytes;
    private int readers;

    Part(Download file, long offset, int size) {
      this.file = file;
      this.offset = offset;
      this.size = size;
      this.last = offset + size == file.file().size();
    }
  }

  Feed(HubName model) {
    this.model = model;
  }

  /** Adds a file behind the others, before it begins, and says where its first byte is. */
  long add(Download file) {
    long begin = (long) parts.size() * PART;
    long size = file.file().size();
    for (long offset = 0; offset < size; offset += PART) {
      parts.add(new Part(file, offset, (int) Math.min(PART, size - offset)));
    }
    return begin;
  }

  @Override
  public long position(long from) {
    return from;
  }

  /**
   * Begins to fetch.
   *
   * @param span bytes that a reader needs at once
   * @throws UserError if they are too many
   */
  void begin(long span) {
    if (span > LARGEST_SPAN) {
      throw new UserError(
          "%s: a target turns a matrix of %,d MB, which cannot be done while it comes."
              .formatted(model, span / 1_000_000),
          "Give --keep: the model is downloaded into the cache first.");
    }
    lock.lock();
    try {
      begun = true;
      window = Math.max(WINDOW, (int) (span / PART) + CONNECTIONS);
      for (int i = 0; i < CONNECTIONS; i++) {
        start("phiquant-fetch-" + i, this::fetchAll);
      }
      start("phiquant-hash", this::hashAll);
    } finally {
      lock.unlock();
    }
  }

  private void start(String name, Runnable work) {
    threads.add(
        Thread.ofPlatform()
            .name(name)
            .daemon()
            .start(
                () -> {
                  try {
                    work.run();
                  } catch (RuntimeException e) {
                    fail(e);
                  }
                }));
  }

  /**
   * Shows bytes that lie in one file, as they came where that can be, and copied together where it
   * cannot.
   */
  @Override
  public void show(long position, int count, Consumer<MemorySegment> reader) {
    int index = Math.toIntExact(position / PART);
    int from = (int) (position % PART);
    Part part = parts.get(index);
    if (count <= part.size - from && take(index, part)) {
      try {
        reader.accept(part.bytes.asSlice(from, count));
      } finally {
        giveBack(part);
      }
      return;
    }
    MemorySegment bytes = MemorySegment.ofArray(new byte[count]);
    read(position, bytes);
    reader.accept(bytes);
  }

  /** Copies bytes that lie in one file, waiting for those of the window that have not come yet. */
  void read(long position, MemorySegment into) {
    long done = 0;
    while (done < into.byteSize()) {
      int index = Math.toIntExact((position + done) / PART);
      int from = (int) ((position + done) % PART);
      Part part = parts.get(index);
      long count = Math.min(into.byteSize() - done, part.size - from);
      MemorySegment piece = into.asSlice(done, count);
      if (take(index, part)) {
        try {
          MemorySegment.copy(part.bytes, from, piece, 0, count);
        } finally {
          giveBack(part);
        }
      } else {
        part.file.range(part.offset + from, piece);
      }
      done += count;
    }
  }

  /** Holds a part of the window, once it has come; false if it is outside. */
  private boolean take(int index, Part part) {
    lock.lock();
    try {
      while (part.bytes == null) {
        check();
        if (!begun || index < released || index >= released + window) {
          return false;
        }
        await();
      }
      part.readers++;
      return true;
    } finally {
      lock.unlock();
    }
  }

  private void giveBack(Part part) {
    lock.lock();
    try {
      if (--part.readers == 0) {
        release();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Nobody will read what is before that position. */
  void passed(long position) {
    int index = (int) Math.min(position / PART, parts.size());
    lock.lock();
    try {
      if (index > passed) {
        passed = index;
        release();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Moves the window on. */
  private void release() {
    int before = released;
    int most = Math.min(passed, hashed);
    while (released < most && parts.get(released).readers == 0) {
      Part part = parts.get(released++);
      free.push(part.bytes);
      part.bytes = null;
    }
    if (released > before) {
      changed.signalAll();
    }
  }

  private void fetchAll() {
    while (true) {
      Part part;
      MemorySegment buffer;
      lock.lock();
      try {
        while (failure == null && !closed && fetched == released + window) {
          await();
        }
        if (failure != null || closed || fetched == parts.size()) {
          return;
        }
        part = parts.get(fetched++);
        buffer = free.isEmpty() ? Arena.ofAuto().allocate(PART, 8) : free.pop();
      } finally {
        lock.unlock();
      }
      part.file.range(part.offset, buffer.asSlice(0, part.size));
      lock.lock();
      try {
        part.bytes = buffer;
        changed.signalAll();
      } finally {
        lock.unlock();
      }
    }
  }

  private void hashAll() {
    ContentHash hash = null;
    for (Part part : parts) {
      lock.lock();
      try {
        while (part.bytes == null) {
          if (failure != null || closed) {
            return;
          }
          await();
        }
      } finally {
        lock.unlock();
      }
      hash = part.offset == 0 ? new ContentHash(part.file.file()) : hash;
      hash.update(part.bytes.asSlice(0, part.size));
      if (part.last) {
        hash.check(model);
      }
      lock.lock();
      try {
        hashed++;
        release();
        changed.signalAll();
      } finally {
        lock.unlock();
      }
    }
  }

  /** Fails if anything has failed so far. */
  void requireSound() {
    lock.lock();
    try {
      check();
    } finally {
      lock.unlock();
    }
  }

  /** Waits until every byte has come, and fails unless all were right. */
  void requireWhole() {
    passed(Long.MAX_VALUE);
    requireHashed((long) parts.size() * PART);
  }

  /** Waits until all before a position, which will not be read again, is known to be right. */
  void requireHashed(long position) {
    int index = (int) Math.min(Math.ceilDiv(position, PART), parts.size());
    lock.lock();
    try {
      while (hashed < index) {
        check();
        await();
      }
      check();
    } finally {
      lock.unlock();
    }
  }

  private void check() {
    if (failure != null) {
      throw failure;
    }
    if (closed) {
      throw new IllegalStateException("closed");
    }
  }

  private void await() {
    try {
      changed.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UserError("The run was interrupted; nothing was left behind.", e);
    }
  }

  private void fail(RuntimeException problem) {
    lock.lock();
    try {
      if (failure == null && !closed) {
        failure = problem;
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    threads.forEach(Thread::interrupt);
  }
}
