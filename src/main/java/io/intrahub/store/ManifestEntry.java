package io.intrahub.store;

import io.intrahub.hub.Entry;

/**
 * One entry of a commit and the text the Hub described it with.
 *
 * @param entry what this project understands of it
 * @param json the Hub's own compact JSON object, without the fields the mirror takes out; it keeps
 *     fields and spellings of numbers that nobody here knows
 */
public record ManifestEntry(Entry entry, String json) {}
