package phiquant.hub;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import phiquant.UserError;
import phiquant.checkpoint.CheckpointFiles;
import phiquant.checkpoint.CodedWeights;
import phiquant.checkpoint.FetchedTensor;
import phiquant.checkpoint.SafetensorsFolder;
import phiquant.checkpoint.StoredTensor;
import phiquant.checkpoint.safetensors.SafetensorsHeader;
import phiquant.checkpoint.safetensors.Shards;

/**
 * A checkpoint that lies on the hub. To look at it takes its small files and the headers of its
 * weights; the weights themselves come while a pass reads them, and are nowhere afterwards.
 */
final class RemoteCheckpoint extends SafetensorsFolder {
  /** Most headers are shorter; one that is longer takes another request. */
  private static final int HEADER = 1 << 18;

  private final HubModel model;
  private final Hub hub;
  private final Feed feed;

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
    this.feed = new Feed(model.name());
    Shards<StoredTensor> shards = Shards.open(files, this::header);
    hold(shards, shards.tensors(), codes);
  }

  private Map<String, StoredTensor> header(String name) {
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
    return FetchedTensor.of(header, feed.add(download), feed);
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
