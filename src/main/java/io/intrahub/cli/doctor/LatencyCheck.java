package io.intrahub.cli.doctor;

import io.intrahub.hub.RepoId;
import io.intrahub.upstream.net.ConnectionErrors;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** How long a small question takes. */
public final class LatencyCheck implements Check {
  private static final int QUESTIONS = 5;
  private static final long SLOW_MILLIS = 1_000;

  private final EndpointProbe endpoint;
  private final RepoId repo;

  public LatencyCheck(EndpointProbe endpoint, RepoId repo) {
    this.endpoint = endpoint;
    this.repo = repo;
  }

  @Override
  public String name() {
    return "latency";
  }

  @Override
  public List<String> needs() {
    return List.of(ConnectionCheck.nameFor(endpoint));
  }

  @Override
  public String adviceWhenLate() {
    return "The line is slow or loses packets: look at it with mtr " + endpoint.host() + ".";
  }

  @Override
  public Finding run() {
    List<Long> millis = new ArrayList<>();
    int failures = 0;
    String why = "";
    for (int i = 0; i < QUESTIONS; i++) {
      try {
        millis.add(endpoint.head(EndpointProbe.api(repo)).took().toMillis());
      } catch (IOException e) {
        failures++;
        why = ConnectionErrors.describe(e);
      }
    }
    return judge(millis, failures, why);
  }

  /**
   * Judges how long the answers took.
   *
   * @param millis of each answer
   * @param failures questions without an answer
   * @param why the last of them had none
   */
  Finding judge(List<Long> millis, int failures, String why) {
    if (millis.isEmpty()) {
      return Finding.failed("no answer to " + failures + " questions: " + why, adviceWhenLate());
    }
    List<Long> sorted = millis.stream().sorted().toList();
    long median = sorted.get(sorted.size() / 2);
    String summary =
        "median %d ms of %d answers, slowest %d ms"
            .formatted(median, sorted.size(), sorted.getLast());
    if (failures > 0) {
      return Finding.warning(summary + "; " + failures + " had none: " + why, adviceWhenLate());
    }
    return median < SLOW_MILLIS
        ? Finding.ok(summary)
        : Finding.warning(
            summary,
            adviceWhenLate(),
            "If it stays so, raise upstream.silence-timeout and upstream.first-byte-timeout.");
  }
}
