package io.intrahub.mirror;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.intrahub.access.Authorised;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.hub.json.MalformedJsonException;
import io.intrahub.hub.json.RefsJson;
import io.intrahub.store.RepoStore;
import io.intrahub.store.StoredAnswer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Shows a list of refs that agrees with every other route: it names the commits that clients see,
 * leaves out what they were told is deleted, and keeps what the Hub deleted for as long as they see
 * it. Safe for use by many threads.
 */
final class ShownRefs {
  private static final String TAGS = "refs/tags/";
  private static final int MAX_TAGS = 10_000;

  /** A branch may have such a name too; while it is being deleted, it is missing in the list. */
  private static final Pattern ABBREVIATED_COMMIT = Pattern.compile("[0-9a-f]{4,40}");

  private final RepoStore store;
  private final BranchCommits branches;

  /** Which refs were tags in the lists that were shown lately: a revision does not say that. */
  private final Cache<Tag, Boolean> tags = Caffeine.newBuilder().maximumSize(MAX_TAGS).build();

  private record Tag(RepoId repo, String name) {}

  ShownRefs(RepoStore store, BranchCommits branches) {
    this.store = store;
    this.branches = branches;
  }

  /**
   * Writes a list as the Hub sent it.
   *
   * @throws IOException when the list can't be read, or is none
   */
  void copyUnchanged(StoredAnswer list, OutputStream to) throws IOException {
    copy(list, to, (ref, listed) -> Optional.of(listed), Map.of());
  }

  /**
   * Writes what clients see of a list.
   *
   * @throws IOException when the list can't be read, or is none
   */
  void copy(Authorised<RepoId> proof, StoredAnswer list, OutputStream to) throws IOException {
    Map<String, CommitHash> shown = shown(proof);
    copy(
        list,
        to,
        (ref, listed) -> {
          noteTag(proof.subject(), ref);
          String name = revisionOf(ref);
          return isDeleted(proof.subject(), name, list)
              ? Optional.empty()
              : Optional.of(shown.getOrDefault(name, listed));
        },
        missing(proof.subject(), shown, list));
  }

  private static void copy(
      StoredAnswer list, OutputStream to, RefsJson.View view, Map<String, CommitHash> added)
      throws IOException {
    try (InputStream in = list.open()) {
      RefsJson.copy(in, to, view, added);
    } catch (MalformedJsonException e) {
      throw new IOException(e.reason(), e);
    }
  }

  /** The commits that every other route names, by revision. */
  private Map<String, CommitHash> shown(Authorised<RepoId> proof) {
    return store.revisions(proof).stream()
        .filter(observed -> observed.role().isEmpty())
        .collect(
            Collectors.toMap(
                observed -> observed.revision().value(), observed -> observed.commit().value()));
  }

  /** Whether clients were told that a revision is deleted, and not before the list was made. */
  private boolean isDeleted(RepoId repo, String name, StoredAnswer list) {
    return Revision.parse(name)
        .filter(revision -> branches.deletions().isShown(repo, revision))
        .filter(revision -> !list.learnedAt().isAfter(branches.notes().learnedAt(repo, revision)))
        .isPresent();
  }

  /** What clients still see, although the Hub said that it is deleted and lists it no more. */
  private Map<String, CommitHash> missing(
      RepoId repo, Map<String, CommitHash> shown, StoredAnswer list) throws IOException {
    Map<String, CommitHash> pending = new HashMap<>(shown);
    pending
        .keySet()
        .removeIf(name ->
            Revision.parse(name)
                .filter(ShownRefs::isRef)
                .filter(revision -> branches.deletions().isPending(repo, revision))
                .isEmpty());
    if (pending.isEmpty()) {
      return Map.of();
    }
    try (InputStream in = list.open()) {
      Set<String> listed = RefsJson.names(in);
      listed.forEach(ref -> {
        noteTag(repo, ref);
        pending.remove(revisionOf(ref));
      });
    } catch (MalformedJsonException e) {
      throw new IOException(e.reason(), e);
    }
    return pending.entrySet().stream()
        .collect(Collectors.toMap(e -> refOf(repo, e.getKey()), Map.Entry::getValue));
  }

  /** Whether a revision is a branch or a tag, and no other word for a commit. */
  private static boolean isRef(Revision revision) {
    return !revision.equals(Revision.DEFAULT)
        && !ABBREVIATED_COMMIT.matcher(revision.value()).matches();
  }

  private void noteTag(RepoId repo, String ref) {
    if (ref.startsWith(TAGS)) {
      tags.put(new Tag(repo, revisionOf(ref)), true);
    }
  }

  /** What clients call a ref of this full name. */
  private static String revisionOf(String ref) {
    return ref.replaceFirst("^refs/(heads|tags)/", "");
  }

  private String refOf(RepoId repo, String name) {
    if (name.startsWith("refs/")) {
      return name;
    }
    boolean isTag = tags.getIfPresent(new Tag(repo, name)) != null;
    return (isTag ? TAGS : "refs/heads/") + name;
  }
}
