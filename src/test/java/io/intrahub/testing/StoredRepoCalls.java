package io.intrahub.testing;

import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Recorded;
import io.intrahub.devhub.Route;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The calls upstream about a repo that is stored, in the name of those who may read it. The
 * questions that others cause do not count: what they may read is not known beforehand.
 */
public final class StoredRepoCalls {
  private final DevHub hub;
  private final DevRepo repo;
  private final Optional<String> authorization;

  /**
   * Counts nothing yet.
   *
   * @param token with which the repo is read; empty if everybody may read it
   */
  public StoredRepoCalls(DevHub hub, DevRepo repo, Optional<String> token) {
    this.hub = hub;
    this.repo = repo;
    this.authorization = token.map(t -> "Bearer " + t);
  }

  /** The id of the repo. */
  public String id() {
    return repo.id();
  }

  /** Those after the request of this number, in the order of their arrival. */
  public List<Recorded> since(long number) {
    return calls(number).toList();
  }

  /** Of those the ones that are no question about a revision: for files, listings or anything. */
  public List<Recorded> beyondRevisions(long number) {
    return calls(number).filter(call -> call.route() != Route.REPO_INFO).toList();
  }

  /** Of those the questions about a revision that the Hub answered. */
  public List<Recorded> answeredRevisions(long number) {
    return calls(number)
        .filter(call -> call.route() == Route.REPO_INFO && call.status() == 200)
        .toList();
  }

  private Stream<Recorded> calls(long number) {
    List<String> contents =
        repo.files("main").values().stream().map(file -> file.sha256()).toList();
    return hub.log().stream()
        .filter(call -> call.number() > number)
        .filter(call ->
            call.route() == Route.CDN
                ? contents.stream().anyMatch(call.target()::contains)
                : isAboutRepo(call.path()) && call.authorization().equals(authorization));
  }

  private boolean isAboutRepo(String path) {
    int end = path.indexOf("/" + repo.id()) + repo.id().length() + 1;
    return path.contains("/" + repo.id())
        && (end == path.length() || "/.".indexOf(path.charAt(end)) >= 0);
  }

  /** The number of the newest request, after which others are counted. */
  public static long mark(DevHub hub) {
    List<Recorded> log = hub.log();
    return log.isEmpty() ? 0 : log.getLast().number();
  }
}
