package io.intrahub.devhub;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** All repos and tokens of one Hub. Its own lock guards the maps; repos guard themselves. */
final class Directory {
  private final long seed;
  private final Map<String, DevRepo> repos = new LinkedHashMap<>();
  private final Map<String, DevRepo> aliases = new LinkedHashMap<>();
  private final Map<String, String> tokens = new LinkedHashMap<>();
  private int made;

  Directory(long seed) {
    this.seed = seed;
  }

  synchronized DevRepo createOrGet(DevRepoType type, String id) {
    return repos.computeIfAbsent(
        key(type, id),
        key -> {
          // A repo that is made under an old name of another one has that name to itself.
          aliases.remove(key);
          String internalId = Hashes.sha256("repo " + seed + " " + made++).substring(0, 24);
          return new DevRepo(type, id, internalId, this::alias);
        });
  }

  synchronized void delete(DevRepoType type, String id) {
    DevRepo gone = repos.remove(key(type, id));
    aliases.values().removeIf(repo -> repo == gone);
  }

  synchronized void rename(DevRepoType type, String id, String newId) {
    DevRepo repo = repos.get(key(type, id));
    if (repo == null || repos.containsKey(key(type, newId))) {
      throw new IllegalArgumentException(id + " is no repo, or another one is called " + newId);
    }
    repos.remove(key(type, id));
    aliases.remove(key(type, newId));
    repo.id(newId);
    repos.put(key(type, newId), repo);
    alias(repo, id);
  }

  /** The repo of this id, in any spelling of its letters, or under an old name. */
  synchronized Optional<DevRepo> find(DevRepoType type, String id) {
    DevRepo repo = repos.get(key(type, id));
    return Optional.ofNullable(repo != null ? repo : aliases.get(key(type, id)));
  }

  synchronized Optional<DevRepo> findInternal(String internalId) {
    return repos.values().stream().filter(r -> r.internalId().equals(internalId)).findFirst();
  }

  synchronized List<DevRepo> ofType(DevRepoType type) {
    return repos.values().stream().filter(r -> r.type() == type).toList();
  }

  synchronized void token(String token, String user) {
    tokens.put(token, user);
  }

  synchronized void revoke(String token) {
    tokens.remove(token);
  }

  synchronized Optional<String> userOf(String token) {
    return Optional.ofNullable(tokens.get(token));
  }

  private synchronized void alias(DevRepo repo, String oldId) {
    aliases.put(key(repo.type(), oldId), repo);
  }

  private static String key(DevRepoType type, String id) {
    return type + " " + id.toLowerCase(Locale.ROOT);
  }
}
