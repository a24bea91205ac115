package phiquant.trust;

/** What happens to files as a whole: missing, empty, another's contents, a folder in its place. */
record FolderMutator() implements Mutator {
  @Override
  public void mutate(Input input, Dice dice) {
    String file = dice.pick(input.files.keySet());
    String other = dice.pick(input.files.keySet());
    switch (dice.below(5)) {
      case 0 -> {
        input.files.remove(file);
        input.changed("%s is missing", file);
      }
      case 1 -> {
        input.files.put(file, new byte[0]);
        input.changed("%s is empty", file);
      }
      case 2 -> {
        input.files.put(file, null);
        input.changed("%s is a folder", file);
      }
      case 3 -> {
        byte[] contents = input.files.get(file);
        input.files.put(file, input.files.put(other, contents));
        input.changed("%s and %s change places", file, other);
      }
      default -> {
        String name =
            dice.of(
                "model.safetensors",
                "model.safetensors.index.json",
                "model.onnx",
                "openvino_model.xml",
                "chat_template.jinja",
                "adapter_model.safetensors",
                "genai_config.json",
                "other.gguf");
        input.files.put(name, input.files.get(file));
        input.changed("%s is there again as %s", file, name);
      }
    }
  }
}
