package io.intrahub.hostile;

import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * What clients got in one scenario, as a row of the table in {@code docs/operations.md}. For one
 * thread.
 */
final class WhatClientsSee {
  /** The columns. */
  enum Who {
    STORED,
    NEW,
    PRIVATE
  }

  /**
   * One outcome, in words.
   *
   * @param since how long the scenario had lasted when it was seen first
   */
  private record Seen(Duration since, String outcome) {}

  private final String scenario;
  private final Map<Who, List<Seen>> seen = new EnumMap<>(Who.class);

  /** What is written instead of the outcomes. */
  private final Map<Who, String> summaries = new EnumMap<>(Who.class);

  WhatClientsSee(String scenario) {
    this.scenario = scenario;
    for (Who who : Who.values()) {
      seen.put(who, new ArrayList<>());
    }
  }

  /** A load ended in this way, so long after the scenario began. */
  void add(Who who, Duration since, ClientLoads.Load load) {
    List<Seen> before = seen.get(who);
    String outcome = outcome(load);
    // The reason in brackets changes from one failure to the next; the first one is shown.
    if (before.isEmpty() || !key(before.getLast().outcome()).equals(key(outcome))) {
      before.add(new Seen(since, outcome));
    }
  }

  /** Writes this instead of the outcomes, of which chance decides. */
  void summarize(Who who, String summary) {
    summaries.put(who, summary);
  }

  private static String key(String outcome) {
    return outcome.split(":", 2)[0];
  }

  private static String outcome(ClientLoads.Load load) {
    return load.error()
        .map(e -> e.status() + ": \"" + withoutCounts(ClientLoads.message(e)) + "\"")
        .orElseGet(() -> load.stale() ? "loads, with `X-HF-Warning`" : "loads");
  }

  /** How often calls have failed in a row depends on what goes on behind the clients' backs. */
  private static String withoutCounts(String message) {
    return message
        .replaceAll("[0-9]+ times in a row", "N times in a row")
        .replaceAll("the first request (after [0-9]+ s|from now on) asks", "a later request asks");
  }

  static String header() {
    return "| scenario | a stored repo | a repo that is not stored | a stored private repo |\n"
        + "| --- | --- | --- | --- |\n";
  }

  String row() {
    return "| "
        + scenario
        + " | "
        + cell(Who.STORED)
        + " | "
        + cell(Who.NEW)
        + " | "
        + cell(Who.PRIVATE)
        + " |\n";
  }

  private String cell(Who who) {
    return summaries.containsKey(who) ? summaries.get(who) : outcomes(who);
  }

  private String outcomes(Who who) {
    List<Seen> all = seen.get(who);
    long different = all.stream().map(s -> key(s.outcome())).distinct().count();
    List<String> parts = new ArrayList<>();
    for (Seen one : all) {
      // Outcomes that alternate are shown once each, the others with their time.
      boolean isKnown = parts.stream().anyMatch(p -> key(p).equals(key(one.outcome())));
      if (different < all.size()) {
        if (!isKnown) {
          parts.add(one.outcome());
        }
      } else {
        String when = parts.isEmpty() ? "" : "after " + words(one.since()) + ", ";
        parts.add(when + one.outcome());
      }
    }
    return String.join(different < all.size() ? " or " : "; ", parts);
  }

  private static String words(Duration time) {
    if (time.toSeconds() < 60) {
      return time.toSeconds() + " s";
    }
    return time.toMinutes() < 60 || time.toMinutes() % 60 != 0
        ? time.toMinutes() + " min"
        : time.toHours() + " h";
  }
}
