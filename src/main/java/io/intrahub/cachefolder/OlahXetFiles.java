package io.intrahub.cachefolder;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import io.intrahub.cachefolder.FolderFiles.UnusableException;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Digest;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The files that Olah keeps by their Xet hash, with {@code cache-redirect-model}: the content in
 * {@code lfs/files/xet/{hash}}, and in {@code lfs/xet_index/{2 digits}/{hash}.json} its sha256 and
 * the repos, commits and paths under which it was requested.
 */
final class OlahXetFiles {
  private static final int MAX_INDEX = 1 << 20;

  private final Path lfs;

  OlahXetFiles(Path root) {
    this.lfs = root.resolve("lfs");
  }

  /**
   * A file of a commit.
   *
   * @param entry the folder with its content
   */
  record XetFile(RepoId repo, CommitHash commit, FilePath path, Digest sha256, Path entry) {}

  /** All of them; what Olah says nothing of is skipped. */
  List<XetFile> read(CachedFiles.Skips skips) {
    List<XetFile> files = new ArrayList<>();
    for (Path entry : FolderFiles.list(lfs.resolve("files").resolve("xet"), skips)) {
      try {
        files.addAll(named(entry));
      } catch (UnusableException e) {
        skips.skipped(entry, String.valueOf(e.getMessage()));
      }
    }
    return files;
  }

  private List<XetFile> named(Path entry) throws UnusableException {
    String hash = entry.getFileName().toString();
    if (hash.length() < 2) {
      throw new UnusableException(OlahStoreReader.UNKNOWN);
    }
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
