package io.intrahub.cli.doctor;

import io.intrahub.cli.command.Amounts;
import io.intrahub.cli.command.CommandException;
import io.intrahub.hub.RepoId;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/** Loads a small repo twice through a mirror: the second load must need no call to the Hub. */
public final class LoadCheck implements Check {
  /** Others may use a running mirror, so that its count says something only while they rest. */
  private static final int TRIALS_WITH_OTHERS = 3;

  private static final Duration AT_REST = Duration.ofSeconds(5);

  private final TrialMirror mirror;
  private final RepoId repo;
  private final boolean hasRules;
  private final List<String> needs;

  /**
   * Loads nothing yet.
   *
   * @param hasRules whether the operator's rules say which repos the mirror serves
   * @param needs the checks without which no load can succeed
   */
  public LoadCheck(TrialMirror mirror, RepoId repo, boolean hasRules, List<String> needs) {
    this.mirror = mirror;
    this.repo = repo;
    this.hasRules = hasRules;
    this.needs = List.copyOf(needs);
  }

  @Override
  public String name() {
    return "load";
  }

  @Override
  public List<String> needs() {
    return needs;
  }

  @Override
  public Duration limit() {
    return Duration.ofSeconds(30);
  }

  @Override
  public String adviceWhenLate() {
    return "The line to the Hub is slow, or "
        + repo.id()
        + " is large: name a smaller repo with"
        + " --repo.";
  }

  @Override
  public Finding run() throws InterruptedException {
    try (TrialMirror.Session session = mirror.open();
        MirrorMetrics metrics = new MirrorMetrics(session.operator());
        RepoLoader loader = new RepoLoader(session.clients(), repo)) {
      return load(session, metrics, loader);
    } catch (RepoLoader.RefusedException e) {
      return refused(e);
    } catch (CommandException e) {
      return Finding.failed(String.valueOf(e.getMessage()));
    } catch (IOException e) {
      return Finding.failed(
          "the load broke off: " + e, "The mirror's log says more about this request.");
    }
  }

  private Finding refused(RepoLoader.RefusedException e) {
    if (e.isOfRepo() && hasRules) {
      return Finding.warning(
          "not tried: " + e.getMessage(),
          "The rules of the mirror (access.rules) admit nobody without a token to "
              + repo.id()
              + ", or upstream does not serve it to everybody: name another repo with --repo.");
    }
    return e.isOfRepo()
        ? Finding.skipped(
            "upstream does not serve " + repo.id() + " to everybody (see \"connection\")")
        : Finding.failed(
            String.valueOf(e.getMessage()), "The mirror's log says more about this request.");
  }

  private Finding load(TrialMirror.Session session, MirrorMetrics metrics, RepoLoader loader)
      throws IOException, InterruptedException {
    RepoLoader.Loaded first = loader.load();
    long calls = Long.MAX_VALUE;
    RepoLoader.Loaded second = first;
    for (int i = 0; calls > 0 && i < (session.isShared() ? TRIALS_WITH_OTHERS : 1); i++) {
      metrics.awaitIdle(AT_REST);
      long before = metrics.upstreamRequests();
      second = loader.load();
      calls = metrics.upstreamRequests() - before;
    }
    String summary =
        "%s of %s, %s: first %d ms, again %d ms with %s"
            .formatted(
                Amounts.count(first.files(), "file"),
                repo.id(),
                Amounts.size(first.bytes()),
                first.took().toMillis(),
                second.took().toMillis(),
                Amounts.count(calls, "call") + " to the Hub");
    if (calls == 0) {
      return Finding.ok(summary);
    }
    return session.isShared()
        ? Finding.warning(
            summary,
            "Other clients of the running mirror may have caused them: try again when it is at"
                + " rest. A short freshness.revision-ttl causes some too.")
        : Finding.failed(
            summary, "The repo may have changed at this moment: try again. Otherwise report it.");
  }
}
