package io.intrahub.cli.doctor;

import io.intrahub.cli.command.Amounts;
import io.intrahub.hub.RepoId;
import io.intrahub.upstream.hub.RateLimitHeaders;
import io.intrahub.upstream.net.ConnectionErrors;
import io.intrahub.upstream.net.HttpProbe.Answer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** How many calls the Hub still allows this address, or the mirror's own token. */
public final class RateBudgetCheck implements Check {
  /** Below this part of its quota the mirror leaves out what is not urgent. */
  private static final int SCARCE = 4;

  private static final String ADVICE =
      "The Hub counts the calls of all machines behind this address. Wait for the next window, or"
          + " give the mirror a token, which has a quota of its own (access.mode: service).";

  private final EndpointProbe endpoint;
  private final RepoId repo;
  private final SiteToken token;

  public RateBudgetCheck(EndpointProbe endpoint, RepoId repo, SiteToken token) {
    this.endpoint = endpoint;
    this.repo = repo;
    this.token = token;
  }

  @Override
  public String name() {
    return "rate budget";
  }

  @Override
  public List<String> needs() {
    return List.of(ConnectionCheck.nameFor(endpoint));
  }

  @Override
  public String adviceWhenLate() {
    return "Look at the connection to " + endpoint.host() + ".";
  }

  @Override
  public Finding run() {
    List<RateLimitHeaders.Said> limits = new ArrayList<>();
    boolean refused = false;
    // Each answer tells about its own quota: that of the API, and that of files.
    for (String path :
        List.of(EndpointProbe.api(repo), EndpointProbe.pages(repo) + "/resolve/main/README.md")) {
      try {
        Answer answer = ask(path);
        refused |= answer.status() == 429;
        limits.addAll(RateLimitHeaders.read(answer::values));
      } catch (IOException e) {
        return Finding.failed(endpoint.host() + ": " + ConnectionErrors.describe(e));
      }
    }
    String summary =
        limits.stream().map(RateBudgetCheck::describe).collect(Collectors.joining("; "));
    if (refused) {
      return Finding.failed("the Hub refuses calls with 429; " + summary, ADVICE);
    }
    if (limits.isEmpty()) {
      return Finding.ok(endpoint.host() + " names no limit");
    }
    return limits.stream().anyMatch(said -> said.left() * SCARCE < said.limit())
        ? Finding.warning(summary, ADVICE)
        : Finding.ok(summary);
  }

  private Answer ask(String path) throws IOException {
    return token instanceof SiteToken.Present present && endpoint.endpoint().receivesTokens()
        ? endpoint.get(path, present.token())
        : endpoint.head(path);
  }

  private static String describe(RateLimitHeaders.Said said) {
    return "%d%s calls left%s, new window in %s"
        .formatted(
            said.left(),
            said.limit() == 0 ? "" : " of " + said.limit(),
            said.name().isEmpty() ? "" : " (" + said.name() + ")",
            Amounts.time(said.resets().toSeconds()));
  }
}
