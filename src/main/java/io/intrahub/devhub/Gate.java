package io.intrahub.devhub;

import java.util.Optional;

/** Decides who may see a repo and who may read its bytes, in the Hub's order of refusals. */
final class Gate {
  private final Directory directory;
  private final Settings settings;

  Gate(Directory directory, Settings settings) {
    this.directory = directory;
    this.settings = settings;
  }

  /** A token that nobody knows is refused on every route, before anything else is looked at. */
  void checkToken(Incoming in) {
    in.token()
        .ifPresent(token -> {
          if (directory.userOf(token).isEmpty()) {
            throw Errors.badToken();
          }
        });
  }

  /** The repo, for its metadata and listings. */
  DevRepo see(Incoming in, Target target) {
    Optional<DevRepo> found =
        directory.find(target.type(), target.id()).filter(r -> r.showsTo(in.token()));
    if (found.isEmpty()) {
      throw in.token().isEmpty() ? Errors.unknownToAnonymous() : Errors.repoNotFound();
    }
    DevRepo repo = found.get();
    if (!repo.id().equals(target.id())) {
      String query = in.query().isEmpty() ? "" : "?" + in.query();
      String location = target.before() + DevText.encodePath(repo.id()) + target.after() + query;
      throw new Refusal(Reply.redirect(307, location));
    }
    if (repo.isDisabled()) {
      throw Errors.disabled();
    }
    return repo;
  }

  /** The repo, for its bytes. */
  DevRepo read(Incoming in, Target target) {
    DevRepo repo = see(in, target);
    if (!repo.readableBy(in.token())) {
      throw Errors.gated(repo, in.token().isEmpty(), settings.hub.toString());
    }
    return repo;
  }

  static Commit commit(DevRepo repo, Target target) {
    return repo.resolve(target.revision())
        .orElseThrow(() -> Errors.revisionNotFound(target.revision()));
  }
}
