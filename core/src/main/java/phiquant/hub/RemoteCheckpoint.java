package phiquant.hub;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import phiquant.UserError;
import phiquant.checkpoint.CheckpointFiles;
import phiquant.checkpoint.CheckpointFolder;
import phiquant.checkpoint.CodedWeights;
import phiquant.checkpoint.StoredTensor;
import phiquant.checkpoint.safetensors.SafetensorsHeader;
import phiquant.checkpoint.safetensors.Shards;

/**
 * A checkpoint that lies on the hub. To look at it takes its small files and the headers of its
 * weights; the weights themselves come while a pass reads them, and are nowhere afterwards.
 */
final class RemoteCheckpoint extends CheckpointFolder {
  /** Most headers are shorter; one that is longer takes another request. */
  private static final int HEADER = 1 << 18;

  private final HubModel model;
  private final Hub hub;
  private final Feed feed;
  private final List<String> notices;
  private final Map<String, StoredTensor> tensors;

  /** A file of weights of which only the header was read. */
  private record Opened(Download download, SafetensorsHeader header) {}

  /**
   * Opens one.
   *
   * @param codes how an engine that keeps such checkpoints stores what it has quantized
   * @throws UserError if it has no weights as safetensors, or they are quantized already
   */
  RemoteCheckpoint(Hub hub, HubModel model, CodedWeights codes) {
    this(hub, model, codes, new RemoteFiles(hub, model));
  }

  private RemoteCheckpoint(Hub hub, HubModel model, CodedWeights codes, RemoteFiles files) {
    super(files, "It is no checkpoint of transformers.");
    this.hub = hub;
    this.model = model;
    if (codes.isIn(config())) {
      throw new UserError(
          model.name() + " holds weights that are quantized already.",
          "Give --keep to download it into the cache, and work from there.");
    }
    Map<String, Opened> opened = new LinkedHashMap<>();
    Shards<Unplaced> shards =
        Shards.open(
            files,
            name -> {
              Opened file = open(name);
              opened.put(name, file);
              return file.header().tensors().stream()
                  .map(entry -> new Unplaced(file, entry))
                  .collect(
                      Collectors.toMap(
                          Unplaced::name, one -> one, (a, b) -> a, LinkedHashMap::new));
            });
    this.feed = new Feed(model.name(), opened.values().stream().map(Opened::download).toList());
    this.notices = new ArrayList<>(shards.notices());
    Map<String, StoredTensor> placed = new LinkedHashMap<>();
    shards.tensors().forEach((name, tensor) -> placed.put(name, tensor.placed(feed)));
    this.tensors = named(placed, codes, notices);
  }

  /** A tensor whose place among all bytes is not known before all files are. */
  private record Unplaced(Opened file, SafetensorsHeader.Entry entry) implements StoredTensor {
    RemoteTensor placed(Feed feed) {
      long begin = feed.position(file.download(), file.header().data() + entry.begin());
      return new RemoteTensor(entry.name(), entry.dtype(), entry.shape(), begin, feed);
    }

    @Override
    public String name() {
      return entry.name();
    }

    @Override
    public List<Long> shape() {
      return entry.shape();
    }

    @Override
    public String format() {
      return entry.dtype().name();
    }

    @Override
    public long storedBytes() {
      return entry.bytes();
    }

    @Override
    public void read(long first, int count, float[] out, int at) {
      throw new IllegalStateException("not placed yet");
    }
  }

  private Opened open(String name) {
    HubFile file = model.files().get(name);
    Download download = new Download(hub, model.name(), model.commit(), file);
    byte[] begin = download.bytes(0, (int) Math.min(HEADER, file.size()));
    SafetensorsHeader header =
        SafetensorsHeader.read(
            path().resolve(name),
            file.size(),
            (offset, count) ->
                offset + count <= begin.length
                    ? Arrays.copyOfRange(begin, (int) offset, (int) offset + count)
                    : download.bytes(offset, count));
    return new Opened(download, header);
  }

  @Override
  public Map<String, StoredTensor> tensors() {
    return tensors;
  }

  @Override
  public List<String> notices() {
    return Stream.concat(super.notices().stream(), notices.stream()).toList();
  }

  @Override
  public boolean isRemote() {
    return true;
  }

  @Override
  public void requireUnchanged() {
    feed.requireSound();
  }

  @Override
  public void begin(long span) {
    feed.begin(span);
  }

  @Override
  public void passed(long position) {
    feed.passed(position);
  }

  @Override
  public void requireWhole() {
    feed.requireWhole();
  }

  /** A commit never changes. */
  @Override
  public String stamp() {
    return model.name().id() + " " + model.commit() + "\n";
  }

  @Override
  public void close() {
    feed.close();
    hub.close();
    super.close();
  }

  /** The small files, each fetched when it is first asked for. */
  private record RemoteFiles(Hub hub, HubModel model, Map<String, byte[]> read)
      implements CheckpointFiles {
    /** Weights are never read whole. */
    private static final long LARGEST = 256 << 20;

    RemoteFiles(Hub hub, HubModel model) {
      this(hub, model, new ConcurrentHashMap<>());
      model.requireWeights();
    }

    @Override
    public Path path() {
      return model.name().path();
    }

    @Override
    public Set<String> names() {
      return model.files().values().stream()
          .filter(file -> !file.isWithin())
          .map(HubFile::path)
          .collect(Collectors.toCollection(TreeSet::new));
    }

    @Override
    public Optional<byte[]> read(String name) {
      HubFile file = model.files().get(name);
      if (file == null) {
        return Optional.empty();
      }
      if (file.size() > LARGEST) {
        throw new UserError(
            "%s: %s has %,d MB, too large to be what it is read as."
                .formatted(model.name(), name, file.size() / 1_000_000));
      }
      return Optional.of(
          read.computeIfAbsent(
              name, unused -> new Download(hub, model.name(), model.commit(), file).all()));
    }
  }
}
