package io.intrahub.store.fs.disk;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Digest;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Where everything lies below the store's folder. Pure: it touches no disk. Names come from checked
 * types only, or are encoded here, so that no text from outside can climb out of its folder.
 */
public final class StoreLayout {
  /** Version of this layout. A store with a higher number is refused. */
  public static final int VERSION = 1;

  /** The map of the pieces of a partial blob that has a folder of its own. */
  public static final String PIECES_NAME = "pieces";

  private static final String TEMPORARY = "meta-";
  private static final String ANSWER = "answer-";
  private static final String PUBLIC = "public";
  private static final String PUBLIC_METADATA = "public-metadata";
  private static final String GRANTS = "grants";
  private static final String INTERNAL_ID = "id";

  private final Path root;

  public StoreLayout(Path root) {
    this.root = root;
  }

  /**
   * Where a published blob lies.
   *
   * @param blob its published name
   */
  public record BlobPaths(BlobKey key, Path blob) {}

  /**
   * Where a blob grows.
   *
   * @param blob the published name that it gets
   * @param data the file it grows in
   * @param pieces the map of the pieces that are in it
   * @param ownFolder whether that file has a folder of its own, which comes and goes with it
   */
  public record PartialPaths(
      PartialKey key, Path blob, Path data, Path pieces, boolean ownFolder) {}

  public Path root() {
    return root;
  }

  public Path marker() {
    return root.resolve("STORE-ID");
  }

  /** What becomes the marker. */
  public Path newMarker() {
    return root.resolve("STORE-ID.new");
  }

  public Path lock() {
    return root.resolve("lock");
  }

  /** There while a process works with the store; left behind by one that was killed. */
  public Path running() {
    return root.resolve("running");
  }

  /** What becomes {@link #running}. */
  public Path newRunning() {
    return root.resolve("running.new");
  }

  /** When blobs were last used; a help that may be missing. */
  public Path lastUses() {
    return root.resolve("last-uses");
  }

  public Path partial() {
    return root.resolve("partial");
  }

  public Path repos() {
    return root.resolve("repos");
  }

  /** The folder of the tombstones of repos that the Hub no longer serves. */
  public Path tombstones() {
    return root.resolve("tombstones");
  }

  public Path aliases() {
    return root.resolve("aliases");
  }

  public Path access() {
    return root.resolve("access");
  }

  public Path installationKey() {
    return access().resolve("key");
  }

  /** The local tokens that the mirror has issued. */
  public Path localTokens() {
    return access().resolve("tokens.json");
  }

  /** What becomes {@link #localTokens}. */
  public Path newLocalTokens() {
    return access().resolve("tokens.json.new");
  }

  /** Locked by the process that changes {@link #localTokens}. */
  public Path localTokensLock() {
    return access().resolve("tokens.lock");
  }

  public Path quarantine() {
    return root.resolve("quarantine");
  }

  /** What is shared with clients as a cache folder, if the operator wants that. */
  public Path view() {
    return root.resolve("view");
  }

  /** The folders of every store, parents first. */
  public List<Path> folders() {
    return List.of(
        root.resolve("blobs"),
        shared(),
        partial(),
        repos(),
        aliases(),
        tombstones(),
        access(),
        quarantine());
  }

  /** Whether the store itself puts something of this name into its folder. */
  public boolean ownsTopLevel(String name) {
    return name.equals("blobs")
        || folders().stream().anyMatch(f -> f.equals(root.resolve(name)))
        || List.of(marker(), newMarker(), lock(), running(), newRunning(), lastUses(), view())
            .contains(root.resolve(name));
  }

  /** The folder of all shared blobs, with a folder for each two first digits in it. */
  public Path shared() {
    return root.resolve("blobs").resolve("sha256");
  }

  /**
   * Where a blob lies.
   *
   * @param owner the repo within which it is kept; empty for a SHA-256 that all repos share
   */
  public BlobPaths paths(Optional<RepoId> owner, Digest digest) {
    return owner
        .map(repo ->
            new BlobPaths(
                BlobKey.of(repo.folderName(), digest), repoBlobs(repo).resolve(digest.hex())))
        .orElseGet(() -> shared((Digest.Sha256) digest));
  }

  /** Where a blob lies that all repos share. */
  public BlobPaths shared(Digest.Sha256 sha256) {
    return new BlobPaths(
        BlobKey.of("", sha256),
        shared().resolve(sha256.hex().substring(0, 2)).resolve(sha256.hex()));
  }

  /** Where the blob with this key lies; empty when the key's repo has no valid name. */
  public Optional<BlobPaths> paths(BlobKey key) {
    return key.shared()
        ? Optional.of(paths(Optional.empty(), key.digest()))
        : repoOf(key.repoFolder()).map(repo -> paths(Optional.of(repo), key.digest()));
  }

  /**
   * Where a blob grows; each claimed size of a digest has a place of its own.
   *
   * @param owner the repo within which it is kept; empty for a SHA-256 that all repos share
   */
  public PartialPaths partial(Optional<RepoId> owner, BlobId blob) {
    if (owner.isEmpty()) {
      return sharedPartial((Digest.Sha256) blob.digest(), blob.size());
    }
    // Thousands of small files come in a row, and making and removing a folder costs as much as an
    // fsync.
    RepoId repo = owner.get();
    BlobPaths paths = paths(owner, blob.digest());
    String kind = blob.digest() instanceof Digest.Sha256 ? PartialName.SHA256 : PartialName.GIT;
    String name = kind + blob.digest().hex() + "-" + blob.size();
    return new PartialPaths(
        new PartialKey(paths.key(), blob.size()),
        paths.blob(),
        repoPartial(repo).resolve(name),
        repoPartial(repo).resolve(name + PartialName.PIECES),
        false);
  }

  /** Where a blob grows that all repos share. */
  public PartialPaths sharedPartial(Digest.Sha256 sha256, long size) {
    BlobPaths paths = shared(sha256);
    Path folder = partial().resolve(PartialName.SHA256 + sha256.hex() + "-" + size);
    return new PartialPaths(
        new PartialKey(paths.key(), size),
        paths.blob(),
        folder.resolve("data"),
        folder.resolve(PIECES_NAME),
        true);
  }

  /** Where the partial blob with this key lies; empty when the key's repo has no valid name. */
  public Optional<PartialPaths> partial(PartialKey key) {
    BlobId blob = new BlobId(key.blob().digest(), key.size());
    return key.blob().shared()
        ? Optional.of(partial(Optional.empty(), blob))
        : repoOf(key.blob().repoFolder()).map(repo -> partial(Optional.of(repo), blob));
  }

  /** A new name for a small file that is moved to its place when it is whole. */
  public Path temporary(long number) {
    return partial().resolve(TEMPORARY + number);
  }

  /** What becomes a blob that the operator imports; swept with the temporary files at a start. */
  public Path imported() {
    return partial().resolve(TEMPORARY + "import");
  }

  /** Whether a name in the partial folder is that of a small file or of the probe. */
  public static boolean isTemporary(String name) {
    return name.startsWith(TEMPORARY) || name.startsWith("probe");
  }

  public Path repoBlobs(RepoId repo) {
    return repos().resolve(repo.folderName()).resolve("blobs");
  }

  public Path repoPartial(RepoId repo) {
    return repos().resolve(repo.folderName()).resolve("partial");
  }

  /** The grant of a repo's content to everybody. */
  public Path publicContent(RepoId repo) {
    return repos().resolve(repo.folderName()).resolve(PUBLIC);
  }

  /** The grant of a repo's metadata to everybody. */
  public Path publicMetadata(RepoId repo) {
    return repos().resolve(repo.folderName()).resolve(PUBLIC_METADATA);
  }

  /**
   * The folder of the grants of one token holder.
   *
   * @param fingerprint lower-case hexadecimal digits
   */
  public Path grants(String fingerprint) {
    return grants().resolve(checked(fingerprint));
  }

  /** The folder of the folders of all token holders. */
  public Path grants() {
    return access().resolve(GRANTS);
  }

  private static String checked(String fingerprint) {
    if (!isHex(fingerprint, fingerprint.length())) {
      throw new IllegalArgumentException("not a fingerprint");
    }
    return fingerprint;
  }

  /** One grant of a token holder. */
  public Path grant(String fingerprint, String scope, RepoId repo) {
    return grants(fingerprint).resolve(FileName.of(scope + "-" + repo.folderName()));
  }

  /** The Hub's internal id of the repo. */
  public Path internalId(RepoId repo) {
    return repos().resolve(repo.folderName()).resolve(INTERNAL_ID);
  }

  public Path refs(RepoId repo) {
    return repos().resolve(repo.folderName()).resolve("refs");
  }

  /**
   * The observation of a revision. The default branch has a name that no encoded one can have: what
   * the Hub calls {@code HEAD} is not the branch {@code main}, and {@code @} is always encoded.
   */
  public Path ref(RepoId repo, Revision revision) {
    return refs(repo)
        .resolve(revision.equals(Revision.DEFAULT) ? "@default" : FileName.of(revision.value()));
  }

  /** A commit that has a role for a revision, such as {@code newest}. */
  public Path ref(RepoId repo, Revision revision, String role) {
    String shown = String.valueOf(ref(repo, revision).getFileName());
    return refs(repo).resolve("@" + role + "-" + shown);
  }

  /** The folder of a commit's files. */
  public Path commit(RepoId repo, CommitHash commit) {
    return commits(repo).resolve(commit.hex());
  }

  /** The folder of all commits' folders of a repo. */
  public Path commits(RepoId repo) {
    return repos().resolve(repo.folderName()).resolve("commits");
  }

  /** The commit that a file is about. */
  public record CommitFile(RepoId repo, CommitHash commit) {}

  /** What a path is about, if it is that of a manifest or an answer. */
  public Optional<CommitFile> commitFile(Path path) {
    if (!path.startsWith(repos()) || path.getNameCount() != repos().getNameCount() + 4) {
      return Optional.empty();
    }
    Path below = repos().relativize(path);
    return repoOf(below.getName(0).toString())
        .filter(repo -> below.getName(1).toString().equals("commits"))
        .flatMap(repo ->
            CommitHash.parse(below.getName(2).toString()).map(c -> new CommitFile(repo, c)));
  }

  /** Whether a path is that of a ref, a grant or an alias. */
  public boolean isSmallRecord(Path path) {
    return path.startsWith(aliases())
        || path.startsWith(tombstones())
        || path.startsWith(grants())
        || (path.startsWith(repos())
            && (path.endsWith(PUBLIC)
                || path.endsWith(PUBLIC_METADATA)
                || path.endsWith(INTERNAL_ID)
                || DurableFolders.parentOf(path).endsWith("refs")));
  }

  public Path manifest(RepoId repo, CommitHash commit) {
    return commit(repo, commit).resolve("manifest");
  }

  public Path answer(RepoId repo, CommitHash commit, String name) {
    return commit(repo, commit).resolve(ANSWER + FileName.of(name));
  }

  /** Whether a file in a commit's folder is an answer. */
  public static boolean isAnswer(Path path) {
    return String.valueOf(path.getFileName()).startsWith(ANSWER);
  }

  /** What the Hub said when it no longer served a repo. */
  public Path tombstone(RepoId repo) {
    return tombstones().resolve(repo.folderName());
  }

  public Path alias(RepoId asked) {
    return aliases().resolve(asked.folderName());
  }

  /** The repo whose folder has this name; empty when the folder is not ours. */
  public static Optional<RepoId> repoOf(String folderName) {
    return RepoId.ofFolderName(folderName);
  }

  /** Whether the text is this many lower-case hexadecimal digits. */
  public static boolean isHex(String text, int length) {
    return text.length() == length
        && text.equals(text.toLowerCase(Locale.ROOT))
        && text.chars().allMatch(HexFormat::isHexDigit);
  }
}
