package io.intrahub.cli.doctor;

import io.intrahub.hub.RepoId;
import io.intrahub.upstream.net.ConnectionErrors;
import io.intrahub.upstream.net.HttpProbe.Answer;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Optional;

/** Whether our clock agrees with the Hub's. */
public final class ClockCheck implements Check {
  private static final Duration TOLERANCE = Duration.ofSeconds(30);

  private final EndpointProbe endpoint;
  private final RepoId repo;
  private final Clock clock;

  public ClockCheck(EndpointProbe endpoint, RepoId repo, Clock clock) {
    this.endpoint = endpoint;
    this.repo = repo;
    this.clock = clock;
  }

  @Override
  public String name() {
    return "clock";
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
    Instant before = clock.instant();
    Answer answer;
    try {
      answer = endpoint.head(EndpointProbe.api(repo));
    } catch (IOException e) {
      return Finding.failed(endpoint.host() + ": " + ConnectionErrors.describe(e));
    }
    Instant after = clock.instant();
    Optional<Instant> theirs = answer.header("Date").flatMap(ClockCheck::parse);
    if (theirs.isEmpty()) {
      return Finding.warning(
          endpoint.host() + " does not say the time",
          "Compare the clock of this machine with another one.");
    }
    // Their second began up to a second before the answer was made.
    Instant middle = before.plus(Duration.between(before, after).dividedBy(2));
    Duration ahead = Duration.between(theirs.get().plusMillis(500), middle);
    long seconds = Math.round(ahead.toMillis() / 1000.0);
    if (ahead.abs().compareTo(TOLERANCE) <= 0) {
      return Finding.ok("within " + Math.max(1, Math.abs(seconds)) + " s of " + endpoint.host());
    }
    return Finding.warning(
        "%d s %s that of %s"
            .formatted(Math.abs(seconds), seconds > 0 ? "ahead of" : "behind", endpoint.host()),
        "Synchronise the clock (NTP): certificates look expired or not yet valid, and signed"
            + " download addresses and grants end at the wrong time.");
  }

  private static Optional<Instant> parse(String date) {
    try {
      return Optional.of(
          ZonedDateTime.parse(date, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant());
    } catch (DateTimeParseException _) {
      return Optional.empty();
    }
  }
}
