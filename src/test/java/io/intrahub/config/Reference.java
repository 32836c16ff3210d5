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

      <!-- A test writes this page from the declarations in src/main/java/io/intrahub/config/Config.java.
           Change them, then run: %s -->

      Use this page to look up an option: where to set it, how its value is written, its default and its
      effect.

      ## Set an option

      Every option has a default, and the mirror works without any configuration. Set an option in one of
      three places; a later place overrides an earlier one:

      1. one YAML file, named by `--config FILE` or the variable `INTRAHUB_CONFIG`. No file is read unless
         it is named. [config/intrahub.yaml](../config/intrahub.yaml) lists all options with their
         defaults; copy what you change;
      2. the environment. `store.min-free` becomes `INTRAHUB_STORE_MIN_FREE`, and so on. Separate the
         elements of a list with commas. An empty variable is ignored;
      3. the command line, for options that have a flag.

      The mirror checks all options when it starts. If a value is invalid or a name is unknown, in any of
      the three places, it does not start and reports all problems at once:

      ```
      %s
      ```

      ## How values are written

      | type | written as |
      | --- | --- |
      | host | a host name or an IP address, without a port |
      | number | digits: `10000` |
      | folder | a path; `~` is not expanded |
      | size | `64MiB`, `10GB` or plain bytes. Units: `B`; `KiB`, `MiB`, `GiB`, `TiB` (powers of 1024); `KB`, `MB`, `GB`, `TB` (powers of 1000) |
      | duration | `200ms`, `10s`, `5m`, `1h` or `7d`; at most `3650d` |
      | address | `https://hub.example` or `http://...`, optionally with a path; without user, query or fragment |
      | file | a path; `~` is not expanded; empty for none |
      | proxy | `environment`, `none` or `http://user:password@proxy.example:3128` |
      | servers | `*`, `hub.example`, `.example`, `hub.example:8080`, `10.1.2.3`, `10.0.0.0/8`, `fd00::/8`, `[::1]:8080` |
      | network | an IP address, or a range in CIDR notation: `10.0.0.0/8`, `fd00::/8` |
      | token | visible ASCII characters without spaces; never shown |
      | rule | see [Rules of access](#rules-of-access); in the file only |
      | list | in the file `[a, b]`, or one element per line after a `-` |

      ## Options
      """;

  private static final String PAGE_TAIL =
      """

      ## Rules of access

      With `access.mode: service` the mirror asks the Hub with a token of its own, and `access.rules` say
      which clients may use what that token can read. They can be written in the file only: neither a
      variable nor a flag can express them.

      ```yaml
      access:
        mode: service
        service-token-file: /run/secrets/hub-token
        rules:                       # first match wins
          - tokens: [ci]             # names of local tokens: intrahub token add ci
            repos: ["acme/*", "meta-llama/*"]
            gated: true
            private: true
          - clients: [10.0.0.0/8]    # networks of clients
            repos: ["*/*", "*", "datasets/*/*"]
      ```

      | key | meaning |
      | --- | --- |
      | `clients` | IP addresses and networks. The rule holds for clients in one of them; without this key, for all clients. Behind a reverse proxy, set `server.trusted-proxies` |
      | `tokens` | names of local tokens. The rule holds for clients that send one of them; without this key, for clients with and without a token. With both keys, both must match |
      | `repos` | patterns of repos; required |
      | `gated` | `true` allows gated repos; `false` by default |
      | `private` | `true` allows private repos; `false` by default. A private and gated repo needs both |

      The first rule that matches the client and the repo decides, and the rules after it don't count. If it
      does not allow a gated repo, that repo is refused even if a later rule allows it; so write special rules
      first. If no rule matches, the client is refused, even for a public repo. Without any rules, everybody
      may read public repos and nobody anything else.

      A pattern is written as the repo's address at the Hub: `acme/tiny` is a model, `datasets/acme/tiny` a
      dataset, `spaces/acme/tiny` a space. A pattern without a prefix is for models only (`models/acme/*` says
      the same). `*` stands for any characters within one part of the name: `acme/*`, `acme/llama-*`, `*/*`
      for all models with an owner, `*` for those without one (`gpt2`). Upper and lower case are the same.

      A local token may have patterns of its own (`--repos`). For other repos it counts as no token: it never
      gives more than the rules do. A revoked, expired or unknown token counts as no token too, and the
      message of a refusal says so.

      ## Variables that are not options

      | variable | meaning |
      | --- | --- |
      | `INTRAHUB_CONFIG` | the YAML file, if `--config` does not name one |
      | `INTRAHUB_JAVA_OPTS` | options for the JVM; read by `./intrahub`, see [operations.md](operations.md) |

      Any other variable that begins with `INTRAHUB_` is an error, except those that Kubernetes sets for a
      service of that name, such as `INTRAHUB_SERVICE_HOST` and `INTRAHUB_PORT_8090_TCP`.
      """;

  private static final String FILE_HEAD =
      """
      # All options of intrahub with their defaults. Copy the options that you change to a file of your
      # own, and name that file with --config.
      #
      # Environment variables (INTRAHUB_SERVER_PORT=9000) override this file, and flags (--port 9000)
      # override both. Durations are written 200ms, 10s, 5m, 1h or 7d; sizes 64MiB, 10GB or plain bytes.
      # See docs/configuration.md for more.
      #
      # A test writes this file and that page: change src/main/java/io/intrahub/config/Config.java, then
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
          "| `%s` | %s | %s | %s%s | %s |\n"
              .formatted(
                  option.key(),
                  type(option),
                  option.byDefault().isEmpty() ? "none" : "`" + option.byDefault() + "`",
                  option.type() == ValueType.RULE
                      ? "in the file only"
                      : "`" + option.environment() + "`",
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
          case SECRET -> "token";
          case RULE -> "rule";
          case SIZE -> "size";
          case DURATION -> "duration";
          case ENDPOINT -> "endpoint";
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
