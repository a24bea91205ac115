package phiquant.model.phi;

import static java.util.stream.Collectors.toCollection;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import phiquant.checkpoint.Checkpoint;
import phiquant.model.Architecture;
import phiquant.model.PhiConfig;

/**
 * How a checkpoint of an unknown architecture differs from a known one, by the names alone: layers
 * and experts count as one, shapes are not looked at.
 *
 * @param architecture the known one
 * @param shared tensors that both have
 * @param foreign tensors that it does not have
 * @param missing tensors that the checkpoint does not have
 * @param keys of config.json that it does not know
 */
record Likeness(
    Architecture architecture,
    Set<String> shared,
    Set<String> foreign,
    Set<String> missing,
    Set<String> keys) {
  /** Beyond that, names help nobody. */
  private static final int NAMED = 3;

  private static final int LONGEST = 60;

  /** The known architecture that differs least. */
  static Likeness nearest(Checkpoint stored, List<Architecture> known) {
    Set<String> there = patterns(stored.tensors().keySet().stream());
    return known.stream()
        .map(each -> of(each, stored.config(), there))
        .min(Comparator.comparing(Likeness::difference).thenComparing(each -> each.keys.size()))
        .orElseThrow();
  }

  private static Likeness of(Architecture known, ObjectNode config, Set<String> there) {
    Set<String> expected =
        patterns(known.parts(smallest(known, config)).stream().map(Architecture.Part::name));
    Set<String> foreign = new TreeSet<>(there);
    foreign.removeAll(expected);
    Set<String> missing = new TreeSet<>(expected);
    missing.removeAll(there);
    Set<String> shared = new TreeSet<>(expected);
    shared.retainAll(there);
    Set<String> keys = new TreeSet<>(known.keys().unknown(config));
    return new Likeness(known, shared, foreign, missing, keys);
  }

  /** One layer of it, of the released sizes: only the names are wanted. */
  private static PhiConfig smallest(Architecture known, ObjectNode config) {
    ObjectNode one = config.objectNode();
    one.put("num_hidden_layers", 1).put("num_local_experts", 2);
    JsonNode tied = config.path("tie_word_embeddings");
    one.put("tie_word_embeddings", tied.asBoolean(false));
    return PhiConfig.of(one, "config.json", known.keys());
  }

  /** Names with N in place of numbers. */
  private static Set<String> patterns(Stream<String> names) {
    return names
        .map(name -> name.replaceAll("(?<=\\.)\\d+(?=\\.)", "N"))
        .collect(toCollection(TreeSet::new));
  }

  /** Tensors that only one has, of all (Jaccard 1901). */
  private double difference() {
    double differing = foreign.size() + missing.size();
    return differing / Math.max(1, differing + shared.size());
  }

  /** The differences, as a sentence. */
  String sentence() {
    List<String> facts = new ArrayList<>();
    addTo(facts, "the checkpoint has ", foreign);
    addTo(facts, "it lacks ", missing);
    addTo(facts, "config.json has ", keys);
    String differences = facts.isEmpty() ? "by name nothing differs" : String.join("; ", facts);
    return "Nearest is " + architecture.className() + ": " + differences + ".";
  }

  private static void addTo(List<String> facts, String how, Set<String> names) {
    List<String> first =
        names.stream()
            .limit(NAMED)
            .map(name -> name.length() <= LONGEST ? name : name.substring(0, LONGEST) + "…")
            .toList();
    int more = names.size() - first.size();
    if (!names.isEmpty()) {
      facts.add(how + String.join(", ", first) + (more > 0 ? " and " + more + " more" : ""));
    }
  }
}
