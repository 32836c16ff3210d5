package io.intrahub.cli;

import io.intrahub.access.local.LocalToken;
import io.intrahub.access.local.TokenHash;
import io.intrahub.cli.command.ExitCode;
import io.intrahub.config.AccessOptions;
import io.intrahub.config.Config;
import io.intrahub.config.ValueType;
import io.intrahub.hub.RepoPattern;
import io.intrahub.store.StoreException;
import java.io.PrintWriter;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.node.ObjectNode;

/** Creates a local token. */
@Command(
    name = "add",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    sortOptions = false,
    description = {
      "Creates a local token and prints it, once.",
      "",
      "Only its hash is stored. Without --json, nothing else goes to the standard output."
    },
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:the token was created",
      "1:a token of this name exists",
      "2:the command line is wrong",
      "78:the configuration is wrong, or the store can't be used"
    })
final class TokenAddCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      paramLabel = "NAME",
      description =
          "By which access.rules and the log know the token: letters, digits, dots, underscores and"
              + " hyphens.")
  private String name = "";

  @Option(
      names = "--repos",
      paramLabel = "PATTERN",
      description =
          "Limits the token to repos such as 'acme/*' or 'datasets/acme/*'. Repeat it for more. It"
              + " never gives more than access.rules do (default: no limit).")
  private List<String> repos = new ArrayList<>();

  @Option(
      names = "--expires",
      paramLabel = "TIME",
      description = "After which time the token expires, such as 12h or 90d (default: never).")
  private @Nullable String expires;

  @Option(
      names = "--json",
      description = "Prints the token with its name, times, repos and a note, as JSON.")
  private boolean json;

  @Mixin private StoreFolder folder = new StoreFolder();

  /** A token of this name exists. */
  private static final class NameTakenException extends Exception {
    private static final long serialVersionUID = 1L;
  }

  @Override
  public Integer call() throws StartException, InterruptedException {
    if (!LocalToken.isName(name)) {
      throw wrong(
          "'"
              + name
              + "' is not a name: use at most 64 letters, digits, dots, underscores and"
              + " hyphens, and begin with a letter or a digit");
    }
    List<RepoPattern> patterns = repos.stream().map(this::pattern).toList();
    Optional<Duration> time = Optional.ofNullable(expires).map(this::time);
    Config config = folder.load();
    Instant now = Clock.systemUTC().instant().truncatedTo(ChronoUnit.SECONDS);
    String text = LocalToken.newText(new SecureRandom());
    LocalToken token = new LocalToken(name, TokenHash.of(text), now, time.map(now::plus), patterns);
    PrintWriter err = spec.commandLine().getErr();
    try {
      StoreFolder.tokens(config)
          .change(table -> {
            if (table.find(name).isPresent()) {
              throw new NameTakenException();
            }
            return table.with(token);
          });
    } catch (NameTakenException e) {
      err.println(
          "intrahub: There is a local token called "
              + name
              + " already. Choose another name, or revoke that one first: intrahub token revoke "
              + name);
      return TokenCommand.FAILED;
    } catch (StoreException e) {
      throw new StartException(String.valueOf(e.getMessage()), e);
    }
    PrintWriter out = spec.commandLine().getOut();
    Optional<String> hint = hint(config.access());
    if (json) {
      ObjectNode result = TokenListCommand.node(token, now).put("token", text);
      hint.ifPresent(note -> result.put("note", note));
      out.println(result);
    } else {
      err.println(
          "Created the local token "
              + name
              + token.expires().map(end -> ", which expires at " + end).orElse("")
              + ". It is shown only now. Clients send it as HF_TOKEN:");
      hint.ifPresent(note -> err.println("Note: " + note));
      err.flush();
      out.println(text);
    }
    out.flush();
    return ExitCode.OK.status();
  }

  private Optional<String> hint(AccessOptions access) {
    if (access.mode() != AccessOptions.Mode.SERVICE) {
      return Optional.of("local tokens have no effect yet, because access.mode is not service.");
    }
    return access.rules().stream().anyMatch(rule -> rule.tokens().contains(name))
        ? Optional.empty()
        : Optional.of(
            "the token has no effect yet, because no rule of access.rules names " + name + ".");
  }

  private RepoPattern pattern(String text) {
    return RepoPattern.parse(text)
        .orElseThrow(() ->
            wrong(
                "--repos: '"
                    + text
                    + "' is not a pattern of repos such as acme/*, datasets/acme/* or gpt2"));
  }

  private Duration time(String text) {
    return ValueType.parseDuration(text)
        .filter(time -> time.compareTo(Duration.ofSeconds(1)) >= 0)
        .orElseThrow(() -> wrong("--expires: '" + text + "' is not a time such as 12h or 90d"));
  }

  private ParameterException wrong(String what) {
    return new ParameterException(spec.commandLine(), what);
  }
}
