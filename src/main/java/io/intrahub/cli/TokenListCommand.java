package io.intrahub.cli;

import io.intrahub.access.local.LocalToken;
import io.intrahub.store.StoreException;
import java.io.PrintWriter;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Lists the local tokens. */
@Command(
    name = "list",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    sortOptions = false,
    description = {"Lists the local tokens by name.", "", "Their texts are not stored."},
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:the tokens were listed",
      "2:the command line is wrong",
      "78:the configuration is wrong, or the store can't be used"
    })
final class TokenListCommand implements Callable<Integer> {
  private static final String ROW = "%-24s  %-20s  %-20s  %s";

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(names = "--json", description = "Prints an array of objects, as JSON.")
  private boolean json;

  @Mixin private StoreFolder folder = new StoreFolder();

  @Override
  public Integer call() throws StartException {
    List<LocalToken> tokens;
    try {
      tokens = StoreFolder.tokens(folder.load()).read().tokens();
    } catch (StoreException e) {
      throw new StartException(String.valueOf(e.getMessage()), e);
    }
    Instant now = Clock.systemUTC().instant();
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(json(tokens, now));
    } else if (tokens.isEmpty()) {
      out.println("no local tokens");
    } else {
      out.println(ROW.formatted("NAME", "CREATED", "EXPIRES", "REPOS"));
      tokens.forEach(token -> out.println(row(token, now)));
    }
    out.flush();
    return 0;
  }

  private static String row(LocalToken token, Instant now) {
    String end = token.expires().map(Instant::toString).orElse("never");
    String repos = token.repos().stream().map(Object::toString).collect(Collectors.joining(", "));
    return ROW.formatted(
        token.name(),
        token.created(),
        token.isExpired(now) ? "expired" : end,
        repos.isEmpty() ? "as the rules say" : repos);
  }

  private static String json(List<LocalToken> tokens, Instant now) {
    ArrayNode array = JsonMapper.shared().createArrayNode();
    tokens.forEach(token -> array.add(node(token, now)));
    return array.toString();
  }

  /** A token as JSON, without its text and hash. */
  static ObjectNode node(LocalToken token, Instant now) {
    ObjectNode node = JsonMapper.shared().createObjectNode();
    node.put("name", token.name())
        .put("created", token.created().toString())
        .put("expires", token.expires().map(Instant::toString).orElse(null))
        .put("expired", token.isExpired(now));
    ArrayNode repos = node.putArray("repos");
    token.repos().forEach(pattern -> repos.add(pattern.toString()));
    return node;
  }
}
