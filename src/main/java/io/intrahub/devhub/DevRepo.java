package io.intrahub.devhub;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A simulated repo. It may be changed at any time, also while requests are answered: its own lock
 * guards all of its state, it returns immutable values, and a change takes effect at once. Methods
 * that change it return the repo itself, so that they can be chained.
 */
public final class DevRepo {
  private static final Instant FIRST_COMMIT = Instant.parse("2026-01-02T03:04:05Z");
  private static final String HEADS = "refs/heads/";
  private static final String TAGS = "refs/tags/";

  private final DevRepoType type;
  private final String internalId;
  private final BiConsumer<DevRepo, String> rename;

  // All guarded by "this".
  private final LinkedHashMap<String, Commit> commits = new LinkedHashMap<>();
  private final Map<String, String> refs = new LinkedHashMap<>();
  private final Map<String, DevFile> lfsBySha256 = new LinkedHashMap<>();
  private final Map<String, String> meta = new LinkedHashMap<>();
  private final Set<String> allowed = new LinkedHashSet<>();
  private List<String> tags = List.of();
  private String defaultBranch = "main";
  private Visibility visibility = Visibility.PUBLIC;
  private boolean manualGate;
  private boolean disabled;
  private String id;

  DevRepo(DevRepoType type, String id, String internalId, BiConsumer<DevRepo, String> rename) {
    this.type = type;
    this.id = id;
    this.internalId = internalId;
    this.rename = rename;
  }

  /** The canonical id. */
  public synchronized String id() {
    return id;
  }

  /** For the directory, which knows the repo under the new id from then on. */
  synchronized void id(String newId) {
    id = newId;
  }

  /** The Hub's own id of the repo, 24 hex; a repo made again under the same name has another. */
  public String internalId() {
    return internalId;
  }

  /** Public by default. */
  public synchronized DevRepo visibility(Visibility who) {
    visibility = who;
    return this;
  }

  /** For a gated repo: whether {@code gated} says {@code "manual"} rather than {@code "auto"}. */
  public synchronized DevRepo manualGate(boolean manual) {
    manualGate = manual;
    return this;
  }

  /** Lets these tokens read: everything of a private repo, the bytes of a gated one. */
  public synchronized DevRepo allow(String... tokens) {
    allowed.addAll(List.of(tokens));
    return this;
  }

  /** Takes the permission of these tokens away again. */
  public synchronized DevRepo disallow(String... tokens) {
    List.of(tokens).forEach(allowed::remove);
    return this;
  }

  /** While disabled, every answer about the repo is the Hub's 403. */
  public synchronized DevRepo disabled(boolean off) {
    disabled = off;
    return this;
  }

  /** The tags in the repo's info (not git tags). */
  public synchronized DevRepo labels(String... labels) {
    tags = List.of(labels);
    return this;
  }

  /**
   * Adds a field to the repo's info, or replaces one.
   *
   * @param json the value as JSON text
   */
  public synchronized DevRepo meta(String name, String json) {
    meta.put(name, json);
    return this;
  }

  /**
   * Names the branch that stands for the repo where no revision is given; {@code main} if never.
   */
  public synchronized DevRepo defaultBranch(String branch) {
    defaultBranch = branch;
    return this;
  }

  /** Makes requests for the old id answer with a 307 to this repo. */
  public DevRepo renamedFrom(String oldId) {
    rename.accept(this, oldId);
    return this;
  }

  /**
   * Puts a commit on a branch; the first one creates the branch.
   *
   * @param files what changes; null takes a file away
   * @return the commit id, 40 hex: the same for the same history
   */
  public synchronized String commit(
      String branch, String message, Map<String, ? extends @Nullable DevFile> files) {
    Optional<Commit> parent = Optional.ofNullable(refs.get(HEADS + branch)).map(commits::get);
    SortedMap<String, DevFile> all =
        new TreeMap<>(parent.map(Commit::files).orElseGet(Collections::emptySortedMap));
    files.forEach((path, file) -> {
      if (file == null) {
        all.remove(path);
      } else {
        all.put(path, file);
        if (file.isLfs()) {
          lfsBySha256.put(file.sha256(), file);
        }
      }
    });
    Instant date = FIRST_COMMIT.plus(Duration.ofHours(commits.size()));
    Commit commit = new CommitBuilder(all).build(parent, message, date);
    commits.put(commit.sha(), commit);
    refs.put(HEADS + branch, commit.sha());
    return commit.sha();
  }

  /** Puts a commit with these files on the default branch. */
  public synchronized String commit(
      String message, Map<String, ? extends @Nullable DevFile> files) {
    return commit(defaultBranch, message, files);
  }

  /** Puts a commit with this one file on the default branch. */
  public synchronized String commit(String message, String path, DevFile file) {
    return commit(defaultBranch, message, Map.of(path, file));
  }

  /**
   * Puts another repo's branch here, with all its commits: of a large tree, which takes seconds to
   * make, there is one in memory for many repos.
   */
  public DevRepo fork(DevRepo other, String branch) {
    Commit newest =
        other
            .resolve(HEADS + branch)
            .orElseThrow(
                () -> new IllegalArgumentException(other.id() + " has no branch " + branch));
    synchronized (this) {
      newest.history().reversed().forEach(c -> commits.put(c.sha(), c));
      newest.files().values().stream()
          .filter(DevFile::isLfs)
          .forEach(f -> lfsBySha256.put(f.sha256(), f));
      refs.put(HEADS + branch, newest.sha());
    }
    return this;
  }

  /** Sets a tag to a commit of this repo. */
  public DevRepo tag(String name, String sha) {
    return ref(TAGS + name, sha);
  }

  /** Sets a branch to a commit of this repo, forwards, backwards or anew. */
  public DevRepo branch(String name, String sha) {
    return ref(HEADS + name, sha);
  }

  /**
   * Sets any ref, such as {@code refs/pr/1} or {@code refs/convert/parquet}.
   *
   * @throws IllegalArgumentException if the repo has no such commit
   */
  public synchronized DevRepo ref(String fullName, String sha) {
    if (!commits.containsKey(sha)) {
      throw new IllegalArgumentException(id + " has no commit " + sha);
    }
    if (!fullName.startsWith("refs/")) {
      throw new IllegalArgumentException("not a full ref name: " + fullName);
    }
    refs.put(fullName, sha);
    return this;
  }

  /** Takes a ref away, given by its full name; its commits stay readable by their ids. */
  public synchronized DevRepo deleteRef(String fullName) {
    refs.remove(fullName);
    return this;
  }

  /**
   * The commit that a branch, tag, full ref, commit id, abbreviated id or {@code HEAD} means now.
   *
   * @return its id, or empty
   */
  public Optional<String> commitOf(String revision) {
    return resolve(revision).map(Commit::sha);
  }

  /** A file at a revision, if both exist. */
  public Optional<DevFile> file(String revision, String path) {
    return resolve(revision).map(c -> c.files().get(path));
  }

  /** All files of a revision by their paths; none if there is no such revision. */
  public SortedMap<String, DevFile> files(String revision) {
    return resolve(revision).map(Commit::files).orElseGet(Collections::emptySortedMap);
  }

  synchronized Optional<Commit> resolve(String asked) {
    String revision = asked.isEmpty() || asked.equals("HEAD") ? HEADS + defaultBranch : asked;
    for (String name : List.of(HEADS + revision, TAGS + revision, revision)) {
      String sha = refs.get(name);
      if (sha != null) {
        return Optional.ofNullable(commits.get(sha));
      }
    }
    Commit exact = commits.get(revision);
    if (exact != null) {
      return Optional.of(exact);
    }
    if (revision.length() < 7) {
      return Optional.empty();
    }
    List<Commit> matching =
        commits.values().stream().filter(c -> c.sha().startsWith(revision)).toList();
    return matching.size() == 1 ? Optional.of(matching.getFirst()) : Optional.empty();
  }

  DevRepoType type() {
    return type;
  }

  /** Full names with commit ids, oldest first. */
  synchronized Map<String, String> refs() {
    return new LinkedHashMap<>(refs);
  }

  synchronized Map<String, String> meta() {
    return new LinkedHashMap<>(meta);
  }

  synchronized List<String> labels() {
    return new ArrayList<>(tags);
  }

  synchronized Optional<DevFile> lfsFile(String sha256) {
    return Optional.ofNullable(lfsBySha256.get(sha256));
  }

  synchronized Visibility visibility() {
    return visibility;
  }

  /** The JSON value of {@code gated}. */
  synchronized String gate() {
    return visibility != Visibility.GATED ? "false" : manualGate ? "\"manual\"" : "\"auto\"";
  }

  synchronized boolean isDisabled() {
    return disabled;
  }

  synchronized boolean showsTo(Optional<String> token) {
    return visibility != Visibility.PRIVATE || token.map(allowed::contains).orElse(false);
  }

  synchronized boolean readableBy(Optional<String> token) {
    return visibility == Visibility.PUBLIC || token.map(allowed::contains).orElse(false);
  }

  /** When the newest commit was made, in the Hub's form. */
  synchronized String lastModified() {
    return commits.isEmpty() ? created() : commits.sequencedValues().getLast().date();
  }

  String created() {
    return CommitBuilder.hubDate(FIRST_COMMIT.minus(Duration.ofDays(1)));
  }
}
