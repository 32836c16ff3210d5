package io.intrahub.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Writes what is documented about the options: the reference page and the example file. */
final class Reference {
  private static final int WIDTH = 100;

  private static final String PAGE_HEAD =
      """
      # Configuration

      <!-- Written by a test from the declarations in src/main/java/io/intrahub/config/Config.java.
           Change them, then run: %s -->

      Every option has a default; a mirror without any configuration works. An option is set, a later
      place winning over an earlier one, in

      1. one YAML file, which `--config FILE` or the variable `INTRAHUB_CONFIG` names. No file is read
         unless it is named. [config/intrahub.yaml](../config/intrahub.yaml) has all options with their
         defaults, to copy from;
      2. the environment. `store.min-free` is `INTRAHUB_STORE_MIN_FREE`, and so on. Lists are written
         with commas. An empty variable counts as none;
      3. the command line, for the options that have a flag.

      Everything is checked at the start. A mirror with a wrong, misspelt or unknown option, in any of
      the three places, does not start, and names all that is wrong at once:

      ```
      %s
      ```

      ## How values are written

      | type | written as |
      | --- | --- |
      | host | a host name or an IP address, without a port |
      | number | digits: `10000` |
      | folder | its name; `~` is not understood |
      | size | `64MiB`, `10GB` or plain bytes: `B`, and with steps of 1024 `KiB`, `MiB`, `GiB`, `TiB`, with steps of 1000 `KB`, `MB`, `GB`, `TB` |
      | duration | `200ms`, `10s`, `5m`, `1h` or `7d`; at most `3650d` |
      | address | `https://hub.example` or `http://...`, with a path if need be; without user, query or fragment |
      | file | its name; `~` is not understood; empty for none |
      | proxy | `environment`, `none` or `http://user:password@proxy.example:3128` |
      | servers | `*`, `hub.example`, `.example`, `hub.example:8080`, `10.1.2.3`, `10.0.0.0/8`, `fd00::/8`, `[::1]:8080` |
      | list | in the file `[a, b]`, or each element on its own line after a `-` |

      ## Options
      """;

  private static final String PAGE_TAIL =
      """

      ## Variables that are no options

      | variable | meaning |
      | --- | --- |
      | `INTRAHUB_CONFIG` | the YAML file, if `--config` does not name one |
      | `INTRAHUB_JAVA_OPTS` | options for the JVM; read by `./intrahub`, see [operations.md](operations.md) |

      Any other variable that begins with `INTRAHUB_` is an error, except those that Kubernetes sets for a
      service of that name (`INTRAHUB_SERVICE_HOST`, `INTRAHUB_PORT_8090_TCP` and the like).
      """;

  private static final String FILE_HEAD =
      """
      # All options of intrahub with their defaults. Copy what you change into a file of your own, and
      # name that with --config.
      #
      # The environment (INTRAHUB_SERVER_PORT=9000) wins over this file, and flags (--port 9000) win
      # over both. Durations are written 200ms, 10s, 5m, 1h or 7d; sizes 64MiB, 10GB or plain bytes.
      # More: docs/configuration.md.
      #
      # Written by a test, as that page is: change src/main/java/io/intrahub/config/Config.java, then
      # run: %s
      """;

  private final String command;

  /**
   * Makes a writer.
   *
   * @param command what a person runs to write page and file anew
   */
  Reference(String command) {
    this.command = command;
  }

  /**
   * The page for people.
   *
   * @param complaint what the mirror says about a wrong configuration, as an example
   */
  String page(String complaint) {
    StringBuilder page = new StringBuilder(PAGE_HEAD.formatted(command, complaint));
    table(page, "");
    Options.sections()
        .forEach((section, about) -> {
          page.append("\n### ").append(section).append("\n\n").append(about).append('\n');
          table(page, section + ".");
        });
    return page.append(PAGE_TAIL).toString();
  }

  private static void table(StringBuilder page, String prefix) {
    page.append(
        """

        | option | type | default | variable, flag | meaning |
        | --- | --- | --- | --- | --- |
        """);
    for (Option option : of(prefix)) {
      page.append(
          "| `%s` | %s | %s | `%s`%s | %s |\n"
              .formatted(
                  option.key(),
                  type(option),
                  option.byDefault().isEmpty() ? "none" : "`" + option.byDefault() + "`",
                  option.environment(),
                  option.flag().map(flag -> ", `" + usage(option, flag) + "`").orElse(""),
                  option.doc()));
    }
  }

  private static String usage(Option option, Option.Flag flag) {
    return flag.means().isPresent() ? flag.name() : flag.name() + " " + option.type().label();
  }

  private static String type(Option option) {
    String name =
        switch (option.type()) {
          case CHOICE -> "`" + String.join("` or `", option.words()) + "`";
          case HOST -> "host";
          case NUMBER -> "number";
          case FOLDER -> "folder";
          case FILE -> "file";
          case PROXY -> "proxy";
          case SERVERS -> "servers";
          case NETWORK -> "network";
          case SIZE -> "size";
          case DURATION -> "duration";
          case ADDRESS -> "address";
        };
    return (option.list() ? "list: " : "")
        + name
        + option.limits().map(limits -> ", " + limits).orElse("");
  }

  /** The example file. */
  String file() {
    StringBuilder file = new StringBuilder(FILE_HEAD.formatted(command));
    of("").forEach(option -> option(file, option, ""));
    for (Map.Entry<String, String> section : Options.sections().entrySet()) {
      file.append("\n# ").append(section.getValue()).append('\n');
      file.append(section.getKey()).append(":\n");
      String between = "";
      for (Option option : of(section.getKey() + ".")) {
        file.append(between);
        option(file, option, "  ");
        between = "\n";
      }
    }
    return file.toString();
  }

  private static void option(StringBuilder file, Option option, String indent) {
    if (indent.isEmpty()) {
      file.append('\n');
    }
    String words =
        option.words().isEmpty() ? "" : " One of: " + String.join(", ", option.words()) + ".";
    String limits = option.limits().map(l -> " Takes " + l + ".").orElse("");
    String flag = option.flag().map(f -> " Flag: " + usage(option, f) + ".").orElse("");
    String comment = option.doc().replace("`", "") + words + limits + flag;
    for (String line : wrapped(comment, WIDTH - indent.length() - 2)) {
      file.append(indent).append("# ").append(line).append('\n');
    }
    String name = option.key().substring(option.key().lastIndexOf('.') + 1);
    file.append(indent).append(name).append(':');
    if (option.byDefault().isEmpty()) {
      file.append(option.list() ? " []\n" : " \"\"\n");
      return;
    }
    if (option.list()) {
      file.append('\n').append(indent).append("  - ");
    } else {
      file.append(' ');
    }
    file.append(option.byDefault()).append('\n');
  }

  private static List<String> wrapped(String text, int width) {
    List<String> lines = new ArrayList<>();
    StringBuilder line = new StringBuilder();
    for (String word : text.split(" ")) {
      if (line.length() + 1 + word.length() > width) {
        lines.add(line.toString());
        line.setLength(0);
      }
      line.append(line.isEmpty() ? "" : " ").append(word);
    }
    lines.add(line.toString());
    return lines;
  }

  /** The options of a section. */
  private static List<Option> of(String prefix) {
    return Options.all().stream()
        .filter(option -> option.key().startsWith(prefix))
        .filter(option -> option.key().indexOf('.', prefix.length()) < 0)
        .toList();
  }
}
