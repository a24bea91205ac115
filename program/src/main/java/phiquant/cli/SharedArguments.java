package phiquant.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import phiquant.engine.plan.AskedRecipe;
import phiquant.engine.plan.TargetSpec;
import phiquant.study.InputSquares;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * Arguments of {@code quantize} for another machine, which stands in another folder: paths are
 * absolute, and all else is as it was given.
 *
 * @param arguments those after {@code quantize}
 * @param told files that say how to encode: matrices of importance, recipes, texts
 */
public record SharedArguments(List<String> arguments, List<Path> told) {
  private static final Set<String> PLACES = Set.of("-o", "--output", "--lora", "--adapter");
  private static final Set<String> FILES =
      Set.of("--calibration", "--recipe", "--imatrix", "--text");
  private static final Set<String> OF_TARGETS = Set.of(InputSquares.KEY, AskedRecipe.FILE);

  /** Of arguments as a person gives them in this process's folder. */
  public static SharedArguments of(List<String> given) {
    CommandSpec command = new CommandLine(new QuantizeCommand()).getCommandSpec();
    List<String> arguments = new ArrayList<>();
    List<Path> told = new ArrayList<>();
    for (int i = 0; i < given.size(); i++) {
      String argument = given.get(i);
      if (!argument.startsWith("-")) {
        arguments.add(model(argument));
        continue;
      }
      String name = argument.replaceFirst("=.*", "");
      OptionSpec option = command.findOption(name);
      boolean apart = name.equals(argument) && i + 1 < given.size();
      if (option == null || option.arity().max() == 0 || (name.equals(argument) && !apart)) {
        arguments.add(argument);
        continue;
      }
      String value = apart ? given.get(++i) : argument.substring(name.length() + 1);
      arguments.add(name);
      arguments.add(value(name, value, told));
    }
    return new SharedArguments(List.copyOf(arguments), List.copyOf(told));
  }

  /** Whether a target asks for rounding with error feedback, which no part of can be done alone. */
  public boolean roundsWithFeedback() {
    return arguments.stream().anyMatch(argument -> argument.matches("gptq|.*[:,]round=gptq.*"));
  }

  /** The names of what {@code quantize} takes, without the hyphens: {@code to}, {@code imatrix}. */
  public static Set<String> options() {
    return new CommandLine(new QuantizeCommand())
        .getCommandSpec().options().stream()
            .map(option -> option.longestName().replaceFirst("^-+", ""))
            .collect(Collectors.toCollection(TreeSet::new));
  }

  /** A path, unless it is the name of a model on the hub, or in a store. */
  private static String model(String given) {
    return isStore(given) ? given : Files.exists(Path.of(given)) ? absolute(given) : given;
  }

  private static String value(String option, String value, List<Path> told) {
    if (FILES.contains(option)) {
      told.add(Path.of(absolute(value)));
    }
    if (FILES.contains(option) || PLACES.contains(option)) {
      return absolute(value);
    }
    return option.equals("--to") ? target(value, told) : value;
  }

  private static String target(String value, List<Path> told) {
    TargetSpec spec = TargetSpec.parse(value);
    Map<String, String> options = new LinkedHashMap<>(spec.options());
    for (String key : OF_TARGETS) {
      options.computeIfPresent(key, (unused, file) -> absolute(file));
      if (options.containsKey(key)) {
        told.add(Path.of(options.get(key)));
      }
    }
    return options.equals(spec.options())
        ? value
        : new TargetSpec(spec.engine(), spec.format(), options).toString();
  }

  private static String absolute(String path) {
    return isStore(path) ? path : Path.of(path).toAbsolutePath().normalize().toString();
  }

  /** {@code s3a://bucket/model}: at least two letters, for one is a disk of Windows. */
  private static boolean isStore(String given) {
    return given.matches("[a-zA-Z][a-zA-Z0-9+.-]+://.+");
  }
}
