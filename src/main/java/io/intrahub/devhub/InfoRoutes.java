package io.intrahub.devhub;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tools.jackson.core.JsonGenerator;

/** Routes about repos: info, search lists, refs and commits. */
final class InfoRoutes {
  private final Gate gate;
  private final Directory directory;
  private final Settings settings;

  InfoRoutes(Gate gate, Directory directory, Settings settings) {
    this.gate = gate;
    this.directory = directory;
    this.settings = settings;
  }

  Reply info(Incoming in, Target target) {
    DevRepo repo = gate.see(in, target);
    Commit commit = Gate.commit(repo, target);
    Set<String> only = Set.copyOf(in.params().getOrDefault("expand", List.of()));
    Map<String, Consumer<JsonGenerator>> fields = fields(repo, commit, in.flag("blobs"));
    byte[] json =
        Json.write(g -> {
          g.writeStartObject();
          fields.forEach((name, value) -> {
            boolean always = name.equals("_id") || name.equals("id");
            if (only.isEmpty() || always || only.contains(name)) {
              g.writeName(name);
              value.accept(g);
            }
          });
          g.writeEndObject();
        });
    return Reply.json(200, json).header("X-Repo-Commit", commit.sha());
  }

  /** Every field by name, in about the Hub's order. */
  private static Map<String, Consumer<JsonGenerator>> fields(
      DevRepo repo, Commit commit, boolean blobs) {
    Map<String, Consumer<JsonGenerator>> f = new LinkedHashMap<>();
    Map<String, Consumer<JsonGenerator>> summary = summary(repo);
    for (String first : List.of("_id", "id", "modelId")) {
      Consumer<JsonGenerator> value = summary.get(first);
      if (value != null) {
        f.put(first, value);
      }
    }
    f.put("author", text(author(repo.id())));
    f.put("sha", text(commit.sha()));
    f.put("lastModified", text(repo.lastModified()));
    f.putAll(summary);
    f.put("disabled", g -> g.writeBoolean(false));
    long used = commit.files().values().stream().mapToLong(DevFile::size).sum();
    f.put("usedStorage", g -> g.writeNumber(used));
    switch (repo.type()) {
      case MODEL -> {
        f.put("cardData", raw("{}"));
        f.put("spaces", raw("[]"));
      }
      case DATASET -> {
        f.put("description", text(""));
        f.put("citation", g -> g.writeNull());
        f.put("paperswithcode_id", g -> g.writeNull());
        f.put("cardData", raw("{}"));
      }
      case SPACE -> {
        f.put("sdk", text("static"));
        f.put("subdomain", text(repo.id().replace('/', '-')));
        f.put("host", text("https://" + repo.id().replace('/', '-') + ".static.hf.space"));
        f.put(
            "runtime",
            raw(
                "{\"stage\":\"RUNNING\",\"hardware\":{\"current\":null,\"requested\":null},"
                    + "\"storage\":null,\"gcTimeout\":null,"
                    + "\"replicas\":{\"current\":1,\"requested\":1}}"));
        f.put("models", raw("[]"));
        f.put("datasets", raw("[]"));
      }
      case KERNEL -> {}
    }
    repo.meta().forEach((name, json) -> f.put(name, raw(json)));
    f.put("siblings", g -> siblings(g, commit, blobs));
    return f;
  }

  /** The fields that a search list has too. */
  private static Map<String, Consumer<JsonGenerator>> summary(DevRepo repo) {
    Map<String, Consumer<JsonGenerator>> f = new LinkedHashMap<>();
    f.put("_id", text(repo.internalId()));
    f.put("id", text(repo.id()));
    if (repo.type() == DevRepoType.MODEL) {
      f.put("modelId", text(repo.id()));
    }
    f.put("likes", g -> g.writeNumber(4));
    f.put("private", g -> g.writeBoolean(repo.visibility() == Visibility.PRIVATE));
    f.put("gated", raw(repo.gate()));
    f.put("downloads", g -> g.writeNumber(123));
    f.put("tags", g -> strings(g, repo.labels()));
    f.put("createdAt", text(repo.created()));
    return f;
  }

  private static void siblings(JsonGenerator g, Commit commit, boolean blobs) {
    g.writeStartArray();
    commit
        .files()
        .forEach((path, file) -> {
          g.writeStartObject();
          g.writeStringProperty("rfilename", path);
          if (blobs) {
            g.writeNumberProperty("size", file.size());
            g.writeStringProperty("blobId", file.gitOid());
            if (file.isLfs()) {
              g.writeObjectPropertyStart("lfs");
              g.writeStringProperty("sha256", file.sha256());
              g.writeNumberProperty("size", file.size());
              g.writeNumberProperty("pointerSize", file.pointerBytes().length);
              g.writeEndObject();
            }
          }
          g.writeEndObject();
        });
    g.writeEndArray();
  }

  Reply search(Incoming in, Target target) {
    String search = in.param("search").orElse("").toLowerCase(Locale.ROOT);
    String author = in.param("author").orElse("");
    List<String> labels = in.params().getOrDefault("filter", List.of());
    int limit = Math.max(1, in.number("limit", 1000));
    int from = in.number("cursor", 0);
    List<DevRepo> all =
        directory.ofType(target.type()).stream()
            .filter(r -> r.showsTo(in.token()))
            .filter(r -> r.id().toLowerCase(Locale.ROOT).contains(search))
            .filter(r -> author.isEmpty() || author(r.id()).equals(author))
            .filter(r -> r.labels().containsAll(labels))
            .toList();
    List<DevRepo> found = all.stream().skip(from).limit(limit).toList();
    Reply reply = Reply.json(200, Json.write(g -> searched(g, found)));
    return from + limit < all.size() ? reply.header("Link", nextPage(in, from + limit)) : reply;
  }

  /** The same question with a cursor, which the real Hub makes of other letters. */
  private String nextPage(Incoming in, int from) {
    String rest =
        Stream.of(in.query().split("&"))
            .filter(parameter -> !parameter.startsWith("cursor="))
            .collect(Collectors.joining("&"));
    return "<%s%s?%s&cursor=%d>; rel=\"next\"".formatted(settings.hub, in.path(), rest, from);
  }

  private static void searched(JsonGenerator g, List<DevRepo> found) {
    g.writeStartArray();
    for (DevRepo repo : found) {
      g.writeStartObject();
      summary(repo)
          .forEach((name, value) -> {
            g.writeName(name);
            value.accept(g);
          });
      g.writeEndObject();
    }
    g.writeEndArray();
  }

  Reply refs(Incoming in, Target target) {
    DevRepo repo = gate.see(in, target);
    Map<String, String> refs = repo.refs();
    return Reply.json(
        200,
        Json.write(g -> {
          g.writeStartObject();
          refGroup(g, "branches", "refs/heads/", refs);
          refGroup(g, "converts", "refs/convert/", refs);
          refGroup(g, "tags", "refs/tags/", refs);
          if (in.flag("include_prs")) {
            refGroup(g, "pullRequests", "refs/pr/", refs);
          }
          g.writeEndObject();
        }));
  }

  private static void refGroup(
      JsonGenerator g, String name, String prefix, Map<String, String> refs) {
    g.writeArrayPropertyStart(name);
    refs.forEach((ref, sha) -> {
      if (ref.startsWith(prefix)) {
        g.writeStartObject();
        g.writeStringProperty("name", ref.substring(prefix.length()));
        g.writeStringProperty("ref", ref);
        g.writeStringProperty("targetCommit", sha);
        g.writeEndObject();
      }
    });
    g.writeEndArray();
  }

  Reply commits(Incoming in, Target target) {
    DevRepo repo = gate.see(in, target);
    Commit head = Gate.commit(repo, target);
    List<Commit> all = new ArrayList<>(head.history());
    int limit = Math.max(1, in.number("limit", 50));
    int page = in.number("p", 0);
    long from = Math.min(all.size(), (long) page * limit);
    List<Commit> shown = all.subList((int) from, (int) Math.min(all.size(), from + limit));
    boolean formatted = in.params().getOrDefault("expand", List.of()).contains("formatted");
    Reply reply =
        Reply.json(
                200,
                Json.write(g -> {
                  g.writeStartArray();
                  shown.forEach(c -> commit(g, c, formatted));
                  g.writeEndArray();
                }))
            .header("X-Total-Count", Integer.toString(all.size()));
    if (from + limit < all.size()) {
      reply.header(
          "Link",
          "<%s%s?%sp=%d&limit=%d>; rel=\"next\""
              .formatted(
                  settings.hub,
                  in.path(),
                  formatted ? "expand%5B%5D=formatted&" : "",
                  page + 1,
                  limit));
    }
    return reply;
  }

  private static void commit(JsonGenerator g, Commit commit, boolean formatted) {
    g.writeStartObject();
    g.writeStringProperty("id", commit.sha());
    g.writeStringProperty("title", commit.title());
    g.writeStringProperty("message", commit.body());
    g.writeName("authors");
    g.writeRawValue("[{\"user\":\"alice\",\"avatar\":\"https://example.com/alice.svg\"}]");
    g.writeStringProperty("date", commit.date());
    if (formatted) {
      g.writeObjectPropertyStart("formatted");
      g.writeStringProperty("title", "<p>" + commit.title() + "</p>");
      g.writeStringProperty("message", commit.body());
      g.writeEndObject();
    }
    g.writeEndObject();
  }

  private static String author(String id) {
    return id.contains("/") ? id.substring(0, id.indexOf('/')) : id;
  }

  private static void strings(JsonGenerator g, List<String> values) {
    g.writeStartArray();
    values.forEach(g::writeString);
    g.writeEndArray();
  }

  private static Consumer<JsonGenerator> text(String value) {
    return g -> g.writeString(value);
  }

  private static Consumer<JsonGenerator> raw(String json) {
    return g -> g.writeRawValue(json);
  }
}
