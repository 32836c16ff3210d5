package io.intrahub.cachefolder;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import io.intrahub.base.BudgetExhaustedException;
import io.intrahub.base.MemoryBudget;
import io.intrahub.cachefolder.FolderFiles.UnusableException;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Digest;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The files that Olah keeps by their Xet hash, with {@code cache-redirect-model}: the content in
 * {@code lfs/files/xet/{hash}}, and in {@code lfs/xet_index/{2 digits}/{hash}.json} its sha256 and
 * the repos, commits and paths under which it was requested. Of each repo, only the hashes of its
 * files are held, and which commit has which; what else Olah noted of them is read again when it is
 * needed. For one thread.
 */
final class OlahXetFiles {
  private static final int MAX_INDEX = 1 << 20;

  private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}");

  private static final int HASH_BYTES = 32;

  /** What a repo takes besides its hashes, in bytes. */
  private static final int REPO_BYTES = 500;

  /** What a commit takes besides a bit for each file of the repo, in bytes. */
  private static final int COMMIT_BYTES = 200;

  private final Path lfs;
  private final MemoryBudget.Reservation memory;
  private final Map<RepoId, RepoFiles> repos = new HashMap<>();

  /** Those of which it is not known of which repo they are, or what is in them. */
  private final Hashes nameless = new Hashes();

  /**
   * Reads nothing yet.
   *
   * @param memory grown by what is held; closed by the caller
   */
  OlahXetFiles(Path root, MemoryBudget.Reservation memory) {
    this.lfs = root.resolve("lfs");
    this.memory = memory;
  }

  /**
   * A file of a commit.
   *
   * @param entry the folder with its content
   */
  record XetFile(RepoId repo, CommitHash commit, FilePath path, Digest sha256, Path entry) {}

  /** Hashes of files, one after the other. */
  private static final class Hashes {
    private byte[] all = new byte[HASH_BYTES];
    private int end;

    /** The bytes that one more takes. */
    int growth() {
      return end == all.length ? Math.max(1, all.length / HASH_BYTES / 2) * HASH_BYTES : 0;
    }

    int count() {
      return end / HASH_BYTES;
    }

    void add(byte[] hash) {
      if (end == all.length) {
        all = Arrays.copyOf(all, all.length + growth());
      }
      System.arraycopy(hash, 0, all, end, HASH_BYTES);
      end += HASH_BYTES;
    }

    Stream<String> texts() {
      return IntStream.range(0, count()).mapToObj(this::text);
    }

    String text(int index) {
      return HexFormat.of().formatHex(all, index * HASH_BYTES, (index + 1) * HASH_BYTES);
    }
  }

  /** The files of a repo, and by their numbers those of each commit. */
  private record RepoFiles(Hashes hashes, Map<CommitHash, BitSet> commits) {}

  /**
   * Notes which files belong to which repo.
   *
   * @param wanted the repos of which something is to be imported
   * @throws BudgetExhaustedException if there are more than the memory has space for
   */
  void read(Predicate<RepoId> wanted) throws IOException {
    CachedFiles.Skips later = (_, _) -> {};
    walk(
        later,
        entry -> {
          byte[] hash = HexFormat.of().parseHex(entry.getFileName().toString());
          Map<RepoId, Set<CommitHash>> found;
          try {
            found =
                named(entry).stream()
                    .filter(file -> wanted.test(file.repo()))
                    .collect(
                        Collectors.groupingBy(
                            XetFile::repo,
                            Collectors.mapping(XetFile::commit, Collectors.toSet())));
          } catch (UnusableException e) {
            add(nameless, hash);
            return;
          }
          for (Map.Entry<RepoId, Set<CommitHash>> in : found.entrySet()) {
            add(in.getKey(), in.getValue(), hash);
          }
        });
  }

  private void add(RepoId repo, Set<CommitHash> commits, byte[] hash) throws IOException {
    RepoFiles files = repos.get(repo);
    if (files == null) {
      memory.grow(REPO_BYTES + 2L * repo.id().length());
      files = new RepoFiles(new Hashes(), new HashMap<>());
      repos.put(repo, files);
    }
    int number = files.hashes().count();
    add(files.hashes(), hash);
    for (CommitHash commit : commits) {
      BitSet numbers = files.commits().get(commit);
      if (numbers == null) {
        memory.grow(COMMIT_BYTES);
        numbers = new BitSet();
        files.commits().put(commit, numbers);
      }
      if (number >= numbers.size()) {
        memory.grow(
            (Math.max(2 * numbers.size(), number + Long.SIZE) - numbers.size()) / Byte.SIZE);
      }
      numbers.set(number);
    }
  }

  private void add(Hashes to, byte[] hash) throws IOException {
    memory.grow(to.growth());
    to.add(hash);
  }

  /** The repos of which there are files. */
  Set<RepoId> repos() {
    return Collections.unmodifiableSet(repos.keySet());
  }

  /** The commits of a repo of which there are files. */
  Set<CommitHash> commits(RepoId repo) {
    RepoFiles files = repos.get(repo);
    return files == null ? Set.of() : Collections.unmodifiableSet(files.commits().keySet());
  }

  /** Names the files of which it is not known of which repo they are, or what is in them. */
  void skip(CachedFiles.Skips skips) throws IOException {
    walk(skips, _ -> {});
    for (Iterator<String> all = nameless.texts().iterator(); all.hasNext(); ) {
      Path entry = entry(all.next());
      try {
        var _ = named(entry);
      } catch (UnusableException e) {
        skips.skipped(entry, String.valueOf(e.getMessage()));
      }
    }
  }

  private Path entry(String hash) {
    return lfs.resolve("files").resolve("xet").resolve(hash);
  }

  /** Takes the folder of each file whose name is a hash. */
  private interface Visitor {
    void entry(Path entry) throws IOException, UnusableException;
  }

  /** One after the other, because there may be very many. */
  private void walk(CachedFiles.Skips skips, Visitor visitor) throws IOException {
    Path folder = lfs.resolve("files").resolve("xet");
    if (!Files.isDirectory(folder, NOFOLLOW_LINKS)) {
      return;
    }
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
      for (Path entry : entries) {
        try {
          if (!HASH.matcher(entry.getFileName().toString()).matches()) {
            throw new UnusableException(OlahStoreReader.UNKNOWN);
          }
          visitor.entry(entry);
        } catch (UnusableException e) {
          skips.skipped(entry, String.valueOf(e.getMessage()));
        }
      }
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
  }

  /** Takes a file. */
  interface Receiver {
    /** A file of the commit that was asked for. */
    void file(XetFile file) throws IOException;
  }

  /**
   * Passes the files of a commit on.
   *
   * @throws IOException if the receiver fails
   */
  void files(RepoId repo, CommitHash commit, CachedFiles.Skips skips, Receiver to)
      throws IOException {
    RepoFiles known = repos.get(repo);
    BitSet numbers = known == null ? null : known.commits().get(commit);
    if (known == null || numbers == null) {
      return;
    }
    for (int n = numbers.nextSetBit(0); n >= 0; n = numbers.nextSetBit(n + 1)) {
      Path entry = entry(known.hashes().text(n));
      List<XetFile> files;
      try {
        files = named(entry);
      } catch (UnusableException e) {
        skips.skipped(entry, String.valueOf(e.getMessage()));
        continue;
      }
      for (XetFile file : files) {
        if (file.repo().equals(repo) && file.commit().equals(commit)) {
          to.file(file);
        }
      }
    }
  }

  private List<XetFile> named(Path entry) throws UnusableException {
    String hash = entry.getFileName().toString();
    Path file = lfs.resolve("xet_index").resolve(hash.substring(0, 2)).resolve(hash + ".json");
    if (!Files.isRegularFile(file, NOFOLLOW_LINKS)) {
      throw new UnusableException(OlahStoreReader.UNKNOWN);
    }
    JsonNode index = FolderFiles.look(file, OlahXetFiles::json);
    Optional<Digest> sha256 =
        Digest.ofEtag(index.path("lfs_oid").asString("")).filter(Digest.Sha256.class::isInstance);
    List<XetFile> files = new ArrayList<>();
    for (JsonNode ref : index.path("refs")) {
      sha256.flatMap(digest -> file(ref, digest, entry)).ifPresent(files::add);
    }
    if (files.isEmpty()) {
      throw new UnusableException(OlahStoreReader.UNKNOWN);
    }
    return files;
  }

  /** Reads {@code [type, org or null, repo, path, commit]}. */
  private static Optional<XetFile> file(JsonNode ref, Digest sha256, Path entry) {
    String org = ref.path(1).asString("");
    String name = ref.path(2).asString("");
    Optional<RepoId> repo =
        RepoType.ofPlural(ref.path(0).asString(""))
            .flatMap(type -> RepoId.parse(type, org.isEmpty() ? name : org + "/" + name));
    Optional<FilePath> path = FilePath.parse(ref.path(3).asString(""));
    Optional<CommitHash> commit = CommitHash.parse(ref.path(4).asString(""));
    return repo.isPresent() && path.isPresent() && commit.isPresent()
        ? Optional.of(new XetFile(repo.get(), commit.get(), path.get(), sha256, entry))
        : Optional.empty();
  }

  private static JsonNode json(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file, NOFOLLOW_LINKS)) {
      return JsonMapper.shared().readTree(in.readNBytes(MAX_INDEX));
    } catch (JacksonException e) {
      throw new IOException("its entry in xet_index is not the JSON that Olah writes", e);
    }
  }
}
