package io.intrahub.cli;

import io.intrahub.cli.command.Amounts;
import io.intrahub.cli.command.ReportOutput;
import io.intrahub.hub.RepoId;
import java.nio.file.Path;
import java.util.List;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Tells what the folder has that is shared with clients, and how to keep it current. */
final class ViewReport {
  /** How many repos are named in the JSON. */
  private static final int MAX_NAMED = 1000;

  private static final String OPTION = "store.view: open-repos (or INTRAHUB_STORE_VIEW=open-repos)";

  private final ReportOutput output;

  ViewReport(ReportOutput output) {
    this.output = output;
  }

  /**
   * Tells it, and ends the output.
   *
   * @param isConfigured whether {@code store.view} says that there is such a folder
   * @param isRunning whether a mirror runs on the store
   * @return whether all of the folder is up to date
   */
  boolean tell(Path folder, SharedView.Content content, boolean isConfigured, boolean isRunning) {
    boolean complete = content.failed().isEmpty();
    String repos = Amounts.count(content.shown().size(), "repo");
    output.line(
        complete
            ? folder + " is up to date, with " + repos + "."
            : folder + " has " + repos + ", and is not up to date.");
    content.failed().stream()
        .limit(FolderReport.MAX_LINES)
        .forEach(one -> output.error(name(one.repo()) + ": " + one.why()));
    if (content.failed().size() > FolderReport.MAX_LINES) {
      output.error(
          (content.failed().size() - FolderReport.MAX_LINES)
              + " more repos could not be brought up to date");
    }
    content.left().stream()
        .limit(FolderReport.MAX_LINES)
        .forEach(left -> output.line("Without " + name(left.repo()) + ": " + left.why() + "."));
    if (content.left().size() > FolderReport.MAX_LINES) {
      output.line(
          "Without " + (content.left().size() - FolderReport.MAX_LINES) + " more stored repos.");
    }
    output.line(
        "Share this folder read-only, and nothing else of the store. Clients load from it with"
            + " HF_HUB_OFFLINE=1, and HF_HUB_CACHE naming where they see it.");
    output.end(json(folder, content, isConfigured), complete, future(isConfigured, isRunning));
    return complete;
  }

  /** As it is typed in a command. */
  private static String name(RepoId repo) {
    return repo.type().pathPrefix() + repo.id();
  }

  private static String future(boolean isConfigured, boolean isRunning) {
    if (isConfigured) {
      return isRunning
          ? "The mirror keeps it current, because of store.view: open-repos."
          : "intrahub serve keeps it current, because of store.view: open-repos. Until then it stays"
              + " as it is.";
    }
    return (isRunning
            ? "The mirror keeps it current until it stops. To have it always, start intrahub serve"
                + " with "
            : "It stays as it is. To keep it always current, run intrahub serve with ")
        + OPTION
        + "; without that, serve removes the folder when it starts.";
  }

  private static ObjectNode json(Path folder, SharedView.Content content, boolean isConfigured) {
    ObjectNode json =
        JsonMapper.shared()
            .createObjectNode()
            .put("folder", folder.toString())
            .put("view", isConfigured ? "open-repos" : "none")
            .put("shownCount", content.shown().size())
            .put("leftCount", content.left().size())
            .put("failedCount", content.failed().size());
    ArrayNode shown = json.putArray("shown");
    content.shown().stream().limit(MAX_NAMED).forEach(repo -> shown.add(name(repo)));
    put(json.putArray("left"), content.left());
    put(json.putArray("failed"), content.failed());
    return json;
  }

  private static void put(ArrayNode array, List<SharedView.Note> notes) {
    notes.stream()
        .limit(MAX_NAMED)
        .forEach(one -> array.addObject().put("repo", name(one.repo())).put("why", one.why()));
  }
}
