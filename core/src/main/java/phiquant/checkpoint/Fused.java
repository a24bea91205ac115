package phiquant.checkpoint;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import phiquant.checkpoint.derived.Stacked;

/**
 * A Llama's tensors under a Phi-3's names: query, key and value one below the other, gate and up
 * too. Hugging Face's Llamas rotate as Phi-3 does, so no row moves (GGUF's are permuted).
 */
final class Fused {
  private static final Map<String, List<String>> PARTS =
      Map.of(
          "qkv_proj", List.of("q_proj", "k_proj", "v_proj"),
          "gate_up_proj", List.of("gate_proj", "up_proj"));

  private Fused() {}

  /** All tensors, those that belong together as one where their first part was. */
  static Map<String, StoredTensor> of(Map<String, StoredTensor> apart) {
    Map<String, StoredTensor> all = new LinkedHashMap<>();
    Map<String, StoredTensor> left = new LinkedHashMap<>(apart);
    for (String name : apart.keySet()) {
      PARTS.forEach(
          (fused, parts) ->
              parts.stream()
                  .filter(part -> name.endsWith("." + part + ".weight"))
                  .findFirst()
                  .ifPresent(part -> stack(name, part, fused, parts, left, all)));
      StoredTensor tensor = left.remove(name);
      if (tensor != null) {
        all.put(name, tensor);
      }
    }
    return all;
  }

  private static void stack(
      String name,
      String part,
      String fused,
      List<String> parts,
      Map<String, StoredTensor> left,
      Map<String, StoredTensor> all) {
    String prefix = name.substring(0, name.length() - (part + ".weight").length());
    List<String> names = parts.stream().map(each -> prefix + each + ".weight").toList();
    List<StoredTensor> tensors = names.stream().map(left::get).toList();
    if (fit(tensors)) {
      all.put(prefix + fused + ".weight", new Stacked(prefix + fused + ".weight", tensors));
      names.forEach(left::remove);
    }
  }

  /** Matrices that are all there, of one width and one format; others keep their own names. */
  private static boolean fit(List<StoredTensor> tensors) {
    return tensors.stream().allMatch(tensor -> tensor != null && tensor.shape().size() == 2)
        && tensors.stream().map(tensor -> tensor.format() + tensor.columns()).distinct().count()
            == 1;
  }
}
