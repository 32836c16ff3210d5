package io.intrahub.cli.command;

import io.intrahub.cachefolder.PathPatterns;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** The options that choose files of repos. For one thread. */
public final class FileOptions {
  @Option(
      names = "--include",
      paramLabel = "PATTERN",
      description = "Only files such as '*.safetensors' or 'onnx/*'. Repeat it for more.")
  private List<String> include = new ArrayList<>();

  @Option(
      names = "--exclude",
      paramLabel = "PATTERN",
      description = "Leaves out such files. Repeat it for more.")
  private List<String> exclude = new ArrayList<>();

  /** The files that were chosen; all if no option was given. */
  public PathPatterns patterns() {
    return PathPatterns.of(include, exclude);
  }

  /** Whether an option was given. */
  public boolean isGiven() {
    return !include.isEmpty() || !exclude.isEmpty();
  }
}
