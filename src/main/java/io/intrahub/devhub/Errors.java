package io.intrahub.devhub;

/** The Hub's refusals: status, {@code X-Error-Code}, {@code X-Error-Message} and body. */
final class Errors {
  static final String NO_PAGE = "Sorry, we can't find the page you are looking for.";

  private Errors() {}

  /**
   * What an anonymous caller hears of a missing and of a private repo alike. The real Hub sends no
   * code here: its client knows the case by the address, over https only.
   */
  static Refusal unknownToAnonymous() {
    return error(401, "", "Invalid username or password.");
  }

  static Refusal repoNotFound() {
    return error(404, "RepoNotFound", "Repository not found");
  }

  static Refusal badToken() {
    return error(401, "", "Invalid credentials in Authorization header");
  }

  static Refusal revisionNotFound(String revision) {
    return error(404, "RevisionNotFound", "Invalid rev id: " + revision);
  }

  /** A file that the commit does not have; the one error with a text body. */
  static Refusal entryNotFound(Commit commit) {
    return new Refusal(
        withCode(Reply.text(404, "Entry not found"), "EntryNotFound", "Entry not found")
            .header("X-Repo-Commit", commit.sha()));
  }

  static Refusal folderNotFound(String folder, String revision) {
    return error(404, "EntryNotFound", "%s does not exist on \"%s\"".formatted(folder, revision));
  }

  static Refusal gated(DevRepo repo, boolean anonymous, String hub) {
    String what = "Access to %s %s is restricted".formatted(repo.type().word(), repo.id());
    return anonymous
        ? error(
            401,
            "GatedRepo",
            what + ". You must have access to it and be authenticated to access it. Please log in.")
        : error(
            403,
            "GatedRepo",
            what
                + " and you are not in the authorized list. Visit %s%s/%s to ask for access."
                    .formatted(hub, repo.type().prefix, repo.id()));
  }

  static Refusal disabled() {
    return error(403, "", "Access to this resource is disabled.");
  }

  static Refusal forbidden(String message) {
    return error(403, "", message);
  }

  static Refusal badRequest(String message) {
    return error(400, "", message);
  }

  static Refusal noSuchPage() {
    return error(404, "", NO_PAGE);
  }

  static Refusal rateLimited() {
    return error(429, "", "You have reached the rate limit. Please wait and try again.");
  }

  private static Refusal error(int status, String code, String message) {
    return new Refusal(withCode(Reply.json(status, Json.error(message)), code, message));
  }

  private static Reply withCode(Reply reply, String code, String message) {
    if (!code.isEmpty()) {
      reply.header("X-Error-Code", code);
    }
    return reply.header("X-Error-Message", DevText.headerSafe(message));
  }
}
