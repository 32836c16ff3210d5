package io.intrahub.policy;

import java.time.Instant;

/**
 * Something that may change at the Hub, and when it was last seen.
 *
 * @param value what was seen
 * @param learnedAt when upstream last said so
 * @param <T> what was seen
 */
public record Observation<T>(T value, Instant learnedAt) {}
