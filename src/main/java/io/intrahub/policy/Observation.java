package io.intrahub.policy;

import java.time.Instant;

/**
 * A fact that may change at the Hub, and when upstream last stated it.
 *
 * @param value the fact
 * @param learnedAt when upstream last stated it
 * @param <T> type of the fact
 */
public record Observation<T>(T value, Instant learnedAt) {}
