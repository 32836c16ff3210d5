package io.intrahub.store.fs.metadata;

import io.intrahub.access.Authority;
import io.intrahub.access.Grant;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.hub.Revision;
import io.intrahub.store.CommitRole;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** What a {@link StoredRecord} is about, as it is written into the record. Pure functions. */
final class RecordSubject {
  private RecordSubject() {}

  static Map<String, String> subject(String kind, RepoId repo) {
    return Map.of("kind", kind, "repo", spell(repo));
  }

  static Map<String, String> subject(RepoId repo, Revision revision) {
    return Map.of("kind", "revision", "repo", spell(repo), "revision", revision.value());
  }

  static Map<String, String> subject(RepoId repo, Revision revision, CommitRole role) {
    return Map.of("kind", kind(role), "repo", spell(repo), "revision", revision.value());
  }

  private static String kind(CommitRole role) {
    return name(role) + " commit";
  }

  /** The role of the commit that a record about a revision holds; empty: clients see it. */
  static Optional<CommitRole> role(Map<String, String> subject) {
    return Stream.of(CommitRole.values())
        .filter(role -> kind(role).equals(subject.get("kind")))
        .findFirst();
  }

  static Map<String, String> subject(Grant grant) {
    return switch (grant.authority()) {
      case Authority.Anonymous _ ->
          switch (grant.scope()) {
            case CONTENT -> subject("public", grant.repo());
            case METADATA -> subject("public-metadata", grant.repo());
          };
      case Authority.TokenHolder holder ->
          Map.of(
              "kind",
              "grant",
              "repo",
              spell(grant.repo()),
              "scope",
              name(grant.scope()),
              "authority",
              holder.fingerprint());
    };
  }

  static Map<String, String> subject(RepoId repo, CommitHash commit, String name) {
    return Map.of("kind", "answer", "repo", spell(repo), "commit", commit.hex(), "name", name);
  }

  /** {@code models/acme/tiny}. */
  static String spell(RepoId repo) {
    return repo.type().plural() + "/" + repo.id();
  }

  static Optional<RepoId> parseRepo(String spelling) {
    int slash = spelling.indexOf('/');
    return slash < 0
        ? Optional.empty()
        : RepoType.ofPlural(spelling.substring(0, slash))
            .flatMap(type -> RepoId.parse(type, spelling.substring(slash + 1)));
  }

  static String name(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }
}
