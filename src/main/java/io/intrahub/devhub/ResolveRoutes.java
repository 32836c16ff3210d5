package io.intrahub.devhub;

import java.util.Optional;

/** Resolve and its second hop, and raw: the routes that lead to bytes. */
final class ResolveRoutes {
  private final Gate gate;
  private final Cdn cdn;
  private final Settings settings;

  ResolveRoutes(Gate gate, Cdn cdn, Settings settings) {
    this.gate = gate;
    this.cdn = cdn;
    this.settings = settings;
  }

  Reply resolve(Incoming in, Target target) {
    DevRepo repo = gate.read(in, target);
    Commit commit = Gate.commit(repo, target);
    DevFile file = file(commit, target.path());
    if (!file.isLfs() && settings.directSmallFiles) {
      return direct(in, commit, target.path(), file);
    }
    String etag = "\"" + file.etag() + "\"";
    if (FileReplies.matches(in.header("if-none-match"), etag)) {
      return Reply.bare(304).header("ETag", etag).header("X-Repo-Commit", commit.sha());
    }
    Reply reply =
        file.isLfs()
            ? toCdn(in, repo, commit, target, file)
            : toCache(in, repo, commit, target, file);
    return reply
        .header("X-Repo-Commit", commit.sha())
        .header("Accept-Ranges", "bytes")
        .header("X-Linked-Size", Long.toString(file.size()))
        .header("X-Linked-ETag", etag);
  }

  private Reply toCache(Incoming in, DevRepo repo, Commit commit, Target target, DevFile file) {
    // The first key is the address that was asked for, with no value: it only parts cache entries.
    return Reply.redirect(
        307,
        "/api/resolve-cache/%s/%s/%s/%s?%s=&etag=%s"
            .formatted(
                repo.type().plural,
                DevText.encodePath(repo.id()),
                commit.sha(),
                DevText.encode(target.path()),
                DevText.encode(in.path()),
                DevText.encode("\"" + file.etag() + "\"")));
  }

  private Reply toCdn(Incoming in, DevRepo repo, Commit commit, Target target, DevFile file) {
    String disposition = DevText.disposition(target.path(), in.flag("download"));
    String type = FileReplies.contentType(target.path());
    Reply reply = Reply.redirect(302, settings.cdn + cdn.address(repo, file, disposition, type));
    if (settings.xet) {
      String hash = file.xetHash();
      reply
          .header("X-Xet-Hash", hash)
          .header(
              "Link",
              ("<%s/api/%s/%s/xet-read-token/%s>; rel=\"xet-auth\", "
                      + "<%s/v1/reconstructions/%s>; rel=\"xet-reconstruction-info\"")
                  .formatted(
                      settings.hub,
                      repo.type().plural,
                      DevText.encodePath(repo.id()),
                      commit.sha(),
                      settings.cdn,
                      hash));
    }
    return reply;
  }

  Reply resolveCache(Incoming in, Target target) {
    DevRepo repo = gate.read(in, target);
    Commit commit = Gate.commit(repo, target);
    DevFile file = file(commit, target.path());
    if (file.isLfs()) {
      throw Errors.entryNotFound(commit);
    }
    return direct(in, commit, target.path(), file);
  }

  private static Reply direct(Incoming in, Commit commit, String path, DevFile file) {
    return FileReplies.ranged(in, file.content(), FileReplies.contentType(path), file.etag())
        .header("X-Repo-Commit", commit.sha())
        .header("Content-Disposition", DevText.disposition(path, in.flag("download")));
  }

  /** The bytes as git has them: for LFS that is the pointer. No ranges and no 304 here. */
  Reply raw(Incoming in, Target target) {
    DevRepo repo = gate.read(in, target);
    Commit commit = Gate.commit(repo, target);
    DevFile file = file(commit, target.path());
    DevContent content = file.isLfs() ? DevContent.of(file.pointerBytes()) : file.content();
    return Reply.of(200, Reply.PLAIN, content)
        .header("ETag", "\"" + file.gitOid() + "\"")
        .header("X-Repo-Commit", commit.sha());
  }

  private static DevFile file(Commit commit, String path) {
    return Optional.ofNullable(commit.files().get(path))
        .orElseThrow(() -> Errors.entryNotFound(commit));
  }
}
