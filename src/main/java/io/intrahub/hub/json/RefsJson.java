package io.intrahub.hub.json;

import io.intrahub.hub.CommitHash;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.exc.JacksonIOException;

/**
 * The branches, tags and other refs of a repo, as {@code GET /api/{type}s/{repo}/refs} lists them.
 */
public final class RefsJson {
  private RefsJson() {}

  /** The arrays of the list, by what the full names of their refs begin with. */
  private static final Map<String, String> ARRAYS =
      Map.of(
          "branches", "refs/heads/",
          "tags", "refs/tags/",
          "converts", "refs/convert/",
          "pullRequests", "refs/pr/");

  /** What of the list is shown. */
  public interface View {
    /**
     * Returns the commit that is shown for a ref.
     *
     * @param ref its full name
     * @param listed the commit that the list has for it
     * @return empty if the ref is left out
     */
    Optional<CommitHash> commit(String ref, CommitHash listed);
  }

  /**
   * Copies the list with what is shown of it. Closes neither stream.
   *
   * @param added refs by their full names that follow those of their kind
   * @throws IOException when one of the streams fails
   * @throws MalformedJsonException when the text is not JSON, or ends too early
   */
  public static void copy(
      InputStream from, OutputStream to, View view, Map<String, CommitHash> added)
      throws IOException, MalformedJsonException {
    try (JsonParser in = HubJson.STREAMS.createParser(ObjectReadContext.empty(), from);
        JsonGenerator out = HubJson.STREAMS.createGenerator(ObjectWriteContext.empty(), to)) {
      JsonToken first = in.nextToken();
      if (first == null) {
        throw new MalformedJsonException("the list of refs is empty");
      }
      if (first == JsonToken.START_OBJECT) {
        copyObject(in, out, view, added);
      } else {
        value(in, out);
      }
    } catch (JacksonIOException e) {
      throw e.getCause();
    } catch (JacksonException e) {
      throw new MalformedJsonException("the list of refs is not valid JSON", e);
    }
  }

  /**
   * Reads the full names of the refs in a list. Does not close the stream.
   *
   * @throws IOException when the stream fails
   * @throws MalformedJsonException when the text is not JSON, or ends too early
   */
  public static Set<String> names(InputStream from) throws IOException, MalformedJsonException {
    Set<String> names = new HashSet<>();
    copy(
        from,
        OutputStream.nullOutputStream(),
        (ref, listed) -> {
          names.add(ref);
          return Optional.of(listed);
        },
        Map.of());
    return names;
  }

  private static void copyObject(
      JsonParser in, JsonGenerator out, View view, Map<String, CommitHash> added) {
    out.writeStartObject();
    while (in.nextToken() == JsonToken.PROPERTY_NAME) {
      String name = in.currentName();
      out.writeName(name);
      if (in.nextToken() == JsonToken.START_ARRAY) {
        out.writeStartArray();
        while (in.nextToken() != JsonToken.END_ARRAY) {
          copyRef(in, out, view);
        }
        String prefix = ARRAYS.getOrDefault(name, "/");
        added.forEach((ref, commit) -> {
          if (ref.startsWith(prefix)) {
            write(out, ref, prefix, commit);
          }
        });
        out.writeEndArray();
      } else {
        value(in, out);
      }
    }
    out.writeEndObject();
  }

  private static void copyRef(JsonParser in, JsonGenerator out, View view) {
    Ref ref = new Ref(view);
    ByteArrayOutputStream copy = new ByteArrayOutputStream();
    try (JsonGenerator to = HubJson.STREAMS.createGenerator(ObjectWriteContext.empty(), copy)) {
      new JsonCopier(in, to, JsonCopier.Rules.ALL.withText(ref::text)).value(() -> {});
    }
    if (!ref.isLeftOut) {
      out.writeRawValue(copy.toString(StandardCharsets.UTF_8));
    }
  }

  private static void value(JsonParser in, JsonGenerator out) {
    new JsonCopier(in, out, JsonCopier.Rules.ALL).value(() -> {});
  }

  private static void write(JsonGenerator out, String ref, String prefix, CommitHash commit) {
    out.writeStartObject();
    out.writeStringProperty("name", ref.substring(prefix.length()));
    out.writeStringProperty("ref", ref);
    out.writeStringProperty("targetCommit", commit.hex());
    out.writeEndObject();
  }

  /** The Hub writes the full name of a ref, {@code refs/heads/main}, right before its commit. */
  private static final class Ref {
    private final View view;
    private boolean isLeftOut;

    /** Empty when its commit has been read. */
    private String name = "";

    Ref(View view) {
      this.view = view;
    }

    String text(String text) {
      if (text.startsWith("refs/")) {
        name = text;
        return text;
      }
      Optional<CommitHash> listed = CommitHash.parse(text);
      if (name.isEmpty() || listed.isEmpty()) {
        return text;
      }
      Optional<CommitHash> shown = view.commit(name, listed.get());
      isLeftOut |= shown.isEmpty();
      name = "";
      return shown.map(CommitHash::hex).orElse(text);
    }
  }
}
