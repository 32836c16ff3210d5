package io.intrahub.devhub;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;

/** Trees and single paths, as entries. */
final class ListingRoutes {
  /** With {@code expand} the Hub's pages are much shorter. */
  private static final int EXPANDED_PAGE = 50;

  private static final int MOST_PATHS = 2000;

  private static final String CURSOR = "after:";

  private final Gate gate;
  private final Settings settings;

  ListingRoutes(Gate gate, Settings settings) {
    this.gate = gate;
    this.settings = settings;
  }

  Reply tree(Incoming in, Target target) {
    DevRepo repo = gate.see(in, target);
    Commit commit = Gate.commit(repo, target);
    boolean expand = in.flag("expand");
    boolean recursive = in.flag("recursive");
    String shown = target.revision();
    List<DevEntry> all =
        commit
            .list(target.path(), recursive)
            .orElseThrow(() -> Errors.folderNotFound(target.path(), shown));
    int page = Math.min(settings.treePageSize, expand ? EXPANDED_PAGE : Integer.MAX_VALUE);
    int limit = Math.max(1, Math.min(in.number("limit", page), page));
    int from = in.param("cursor").map(cursor -> after(all, cursor)).orElse(0);
    int to = Math.min(all.size(), from + limit);
    Reply reply =
        Reply.json(200, write(all.subList(from, to), expand)).header("X-Repo-Commit", commit.sha());
    if (to < all.size()) {
      reply.header(
          "Link",
          "<%s%s?expand=%s&recursive=%s&limit=%d&cursor=%s>; rel=\"next\""
              .formatted(
                  settings.hub,
                  in.path(),
                  expand,
                  recursive,
                  limit,
                  cursor(all.get(to - 1).path())));
    }
    return reply;
  }

  Reply pathsInfo(Incoming in, Target target) {
    DevRepo repo = gate.see(in, target);
    Commit commit = Gate.commit(repo, target);
    if (!in.method().equals("POST")) {
      throw Errors.noSuchPage();
    }
    Json.PathsBody asked = readBody(in);
    if (asked.paths().size() > MOST_PATHS) {
      throw Errors.badRequest("Too many paths");
    }
    List<DevEntry> found =
        new LinkedHashSet<>(asked.paths())
            .stream().map(commit.entries()::get).filter(Objects::nonNull).toList();
    return Reply.json(200, write(found, asked.expand())).header("X-Repo-Commit", commit.sha());
  }

  private static Json.PathsBody readBody(Incoming in) {
    if (in.header("content-type").filter(t -> t.startsWith("application/json")).isPresent()) {
      try {
        return Json.readPaths(in.bodySource().get());
      } catch (JacksonException e) {
        throw Errors.badRequest("Invalid JSON body: " + e.getOriginalMessage());
      }
    }
    Map<String, List<String>> form = DevText.query(in.bodyText());
    return new Json.PathsBody(
        new ArrayList<>(form.getOrDefault("paths", List.of())),
        form.getOrDefault("expand", List.of()).stream().anyMatch(Incoming::isTrue));
  }

  private byte[] write(List<DevEntry> entries, boolean expand) {
    return Json.write(json -> {
      json.writeStartArray();
      entries.forEach(e -> write(json, e, expand));
      json.writeEndArray();
    });
  }

  private void write(JsonGenerator json, DevEntry entry, boolean expand) {
    json.writeStartObject();
    json.writeStringProperty("type", entry instanceof DevEntry.Folder ? "directory" : "file");
    json.writeStringProperty("oid", entry.oid());
    switch (entry) {
      case DevEntry.Folder _ -> json.writeNumberProperty("size", 0);
      case DevEntry.File(_, DevFile file, _) -> writeFile(json, file);
    }
    json.writeStringProperty("path", entry.path());
    if (expand) {
      json.writeObjectPropertyStart("lastCommit");
      json.writeStringProperty("id", entry.change().commit());
      json.writeStringProperty("title", entry.change().title());
      json.writeStringProperty("date", entry.change().date());
      json.writeEndObject();
      if (entry instanceof DevEntry.File) {
        writeScan(json);
      }
    }
    json.writeEndObject();
  }

  private void writeFile(JsonGenerator json, DevFile file) {
    json.writeNumberProperty("size", file.size());
    if (file.isLfs()) {
      json.writeObjectPropertyStart("lfs");
      json.writeStringProperty("oid", file.sha256());
      json.writeNumberProperty("size", file.size());
      json.writeNumberProperty("pointerSize", file.pointerBytes().length);
      json.writeEndObject();
      if (settings.xet) {
        json.writeStringProperty("xetHash", file.xetHash());
      }
    }
  }

  /** The client fails on this object if one of these keys is missing (huggingface_hub 2.4.0). */
  private static void writeScan(JsonGenerator json) {
    json.writeObjectPropertyStart("securityFileStatus");
    json.writeStringProperty("status", "safe");
    json.writeObjectPropertyStart("avScan");
    json.writeStringProperty("status", "safe");
    json.writeEndObject();
    json.writeNullProperty("pickleImportScan");
    json.writeEndObject();
  }

  /** Opaque to clients, and with characters that must be escaped in a query. */
  private static String cursor(String lastPath) {
    byte[] text = (CURSOR + lastPath).getBytes(StandardCharsets.UTF_8);
    return DevText.encode(Base64.getEncoder().encodeToString(text));
  }

  /**
   * The index behind the entry that a cursor names. The paths are compared and not their cursors:
   * made anew for each entry and each page, those took minutes for 200,000 entries.
   */
  private static int after(List<DevEntry> all, String cursor) {
    String text = decoded(cursor);
    if (text.startsWith(CURSOR)) {
      String path = text.substring(CURSOR.length());
      for (int i = 0; i < all.size(); i++) {
        if (all.get(i).path().equals(path)) {
          return i + 1;
        }
      }
    }
    throw Errors.badRequest("Invalid cursor");
  }

  private static String decoded(String cursor) {
    try {
      return new String(Base64.getDecoder().decode(cursor), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      throw Errors.badRequest("Invalid cursor");
    }
  }
}
