package io.intrahub.cachefolder;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import io.intrahub.cachefolder.CachedFiles.CachedRef;
import io.intrahub.cachefolder.CachedFiles.Skips;
import io.intrahub.cachefolder.FolderFiles.UnusableException;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Revision;
import io.intrahub.hub.json.MalformedJsonException;
import io.intrahub.hub.json.RepoInfoJson;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.zip.GZIPInputStream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads which commit Olah has seen under each revision of a repo. In {@code
 * api/{type}/{repo}/revision/{revision}/}, {@code resolved_commit.json.body} has the commit and
 * {@code meta_get.json.body} the repo info, either of which may be missing; the file without {@code
 * .body} says when it was written.
 */
final class OlahRefs {
  private static final String RESOLVED = "resolved_commit.json";
  private static final String REPO_INFO = "meta_get.json";

  /** Of these answers, Olah needs far less, and the commit is at the beginning of a repo info. */
  private static final int MAX_READ = 64 << 10;

  private final Path revisions;

  /**
   * Reads nothing yet.
   *
   * @param repo the folder of the repo below {@code api}
   */
  OlahRefs(Path repo) {
    this.revisions = repo.resolve("revision");
  }

  /** The newest commit of each revision. */
  List<CachedRef> read(Skips skips) {
    List<CachedRef> refs = new ArrayList<>();
    read(revisions, refs, skips);
    return refs;
  }

  private void read(Path folder, List<CachedRef> refs, Skips skips) {
    newest(folder, skips).ifPresent(refs::add);
    for (Path path : FolderFiles.list(folder, skips)) {
      if (Files.isDirectory(path, NOFOLLOW_LINKS)) {
        read(path, refs, skips);
      }
    }
  }

  private Optional<CachedRef> newest(Path folder, Skips skips) {
    Optional<Revision> revision =
        FolderFiles.pathIn(revisions, folder)
            .flatMap(path -> Revision.parse(path.value()))
            .filter(name -> name.asCommit().isEmpty());
    if (revision.isEmpty()) {
      return Optional.empty();
    }
    Optional<CachedRef> resolved = noted(revision.get(), folder.resolve(RESOLVED), skips);
    Optional<CachedRef> described = noted(revision.get(), folder.resolve(REPO_INFO), skips);
    if (resolved.isEmpty() || described.isEmpty()) {
      return resolved.or(() -> described);
    }
    return resolved.get().writtenAt().isBefore(described.get().writtenAt()) ? described : resolved;
  }

  private static Optional<CachedRef> noted(Revision revision, Path file, Skips skips) {
    if (!Files.isRegularFile(file, NOFOLLOW_LINKS)) {
      return Optional.empty();
    }
    try {
      Instant writtenAt = FolderFiles.look(file, OlahRefs::writtenAt);
      byte[] body =
          FolderFiles.look(file.resolveSibling(file.getFileName() + ".body"), OlahRefs::beginning);
      Optional<CommitHash> commit =
          file.endsWith(RESOLVED)
              ? CommitHash.parse(new String(body, StandardCharsets.ISO_8859_1).strip())
              : RepoInfoJson.readBeginning(body).commit();
      return commit.map(hash -> new CachedRef(revision, hash, writtenAt));
    } catch (UnusableException | MalformedJsonException e) {
      skips.skipped(file, String.valueOf(e.getMessage()));
      return Optional.empty();
    }
  }

  private static Instant writtenAt(Path file) throws IOException {
    try {
      JsonNode envelope = JsonMapper.shared().readTree(beginning(file));
      double seconds = envelope.path("cached_at").asDouble(-1);
      if (envelope.path("status_code").asInt(0) == 200 && seconds >= 0 && seconds < 1e11) {
        return Instant.ofEpochMilli(Math.round(seconds * 1000));
      }
    } catch (JacksonException e) {
      throw new IOException("it is not the JSON that Olah writes", e);
    }
    throw new IOException("it does not say when the Hub answered");
  }

  private static byte[] beginning(Path file) throws IOException {
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file, NOFOLLOW_LINKS))) {
      in.mark(2);
      boolean gzip = in.read() == 0x1f && in.read() == 0x8b;
      in.reset();
      if (!gzip) {
        return in.readNBytes(MAX_READ);
      }
      try (InputStream text = new GZIPInputStream(in)) {
        return text.readNBytes(MAX_READ);
      }
    }
  }
}
