package io.intrahub.hub.json;

import io.intrahub.hub.CommitHash;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.exc.JacksonIOException;

/**
 * The branches, tags and other refs of a repo, as {@code GET /api/{type}s/{repo}/refs} lists them.
 */
public final class RefsJson {
  private RefsJson() {}

  /**
   * Copies the list, and puts other commits in the place of some. Closes neither stream.
   *
   * @param shown the commit to be shown for a ref of this full name; empty for the one that is
   *     there
   * @throws IOException when one of the streams fails
   * @throws MalformedJsonException when the text is not JSON, or ends too early
   */
  public static void copy(
      InputStream from, OutputStream to, Function<String, Optional<CommitHash>> shown)
      throws IOException, MalformedJsonException {
    Commits commits = new Commits(shown);
    try (JsonParser in = HubJson.STREAMS.createParser(ObjectReadContext.empty(), from);
        JsonGenerator out = HubJson.STREAMS.createGenerator(ObjectWriteContext.empty(), to)) {
      if (in.nextToken() == null) {
        throw new MalformedJsonException("the list of refs is empty");
      }
      new JsonCopier(in, out, new JsonCopier.Rules(Set.of(), commits::text, Optional.empty()))
          .value(() -> {});
    } catch (JacksonIOException e) {
      throw e.getCause();
    } catch (JacksonException e) {
      throw new MalformedJsonException("the list of refs is not valid JSON", e);
    }
  }

  /** The Hub writes the full name of a ref, {@code refs/heads/main}, right before its commit. */
  private static final class Commits {
    private final Function<String, Optional<CommitHash>> shown;

    /** Empty when its commit has been read. */
    private String ref = "";

    Commits(Function<String, Optional<CommitHash>> shown) {
      this.shown = shown;
    }

    String text(String text) {
      if (text.startsWith("refs/")) {
        ref = text;
        return text;
      }
      if (ref.isEmpty() || CommitHash.parse(text).isEmpty()) {
        return text;
      }
      String commit = shown.apply(ref).map(CommitHash::hex).orElse(text);
      ref = "";
      return commit;
    }
  }
}
