package io.intrahub.hub.json;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Set;
import java.util.function.UnaryOperator;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.exc.JacksonIOException;

/** Removes from an answer of the Hub what would lead a client past the mirror. */
public final class JsonFilter {
  private JsonFilter() {}

  /**
   * Rewrites links in an answer: a string that begins with {@code from} begins with {@code to}
   * instead. Parquet listings, for example, contain absolute URLs of the Hub.
   */
  public record Links(String from, String to, Xet xet) {
    /** No link changes. */
    public static final Links KEPT = new Links("", "");

    /** What becomes of the fields of Xet. */
    public enum Xet {
      /** They are left out: a client that finds them asks a CAS and not the mirror. */
      DROPPED,
      /** They stay, because clients can't read the answer without them. */
      KEPT
    }

    /** Rewrites links, and drops the fields of Xet. */
    public Links(String from, String to) {
      this(from, to, Xet.DROPPED);
    }

    /** The same, but the fields of Xet stay. */
    public Links withXet() {
      return new Links(from, to, Xet.KEPT);
    }

    private JsonCopier.Rules rules() {
      UnaryOperator<String> moved =
          text -> text.startsWith(from) ? to + text.substring(from.length()) : text;
      JsonCopier.Rules rules =
          xet == Xet.KEPT ? JsonCopier.Rules.ALL : JsonCopier.Rules.WITHOUT_XET;
      return from.equals(to) ? rules : rules.withText(moved);
    }
  }

  /** Returns the JSON without Xet fields. */
  public static byte[] withoutXet(byte[] json) throws MalformedJsonException {
    return withoutXet(json, Links.KEPT);
  }

  /** Returns the JSON with rewritten links, and without Xet fields unless these are to stay. */
  public static byte[] withoutXet(byte[] json, Links links) throws MalformedJsonException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(json.length);
    try (JsonParser in = HubJson.FACTORY.createParser(ObjectReadContext.empty(), json);
        JsonGenerator out = HubJson.FACTORY.createGenerator(ObjectWriteContext.empty(), bytes)) {
      copy(in, out, links.rules(), () -> {});
    } catch (JacksonException e) {
      throw new MalformedJsonException("the answer is not valid JSON", e);
    }
    return bytes.toByteArray();
  }

  /**
   * Copies JSON with rewritten links, and without Xet fields unless these are to stay, token by
   * token, so that only one token is in memory. Closes neither stream. If this throws, only the
   * beginning of an answer was written.
   *
   * @param afterToken called after a token was copied and its memory is free again
   * @throws IOException when one of the streams fails
   * @throws MalformedJsonException when the text is not JSON, or ends too early
   */
  public static void withoutXet(InputStream from, OutputStream to, Links links, Runnable afterToken)
      throws IOException, MalformedJsonException {
    stream(from, to, links.rules(), afterToken);
  }

  /**
   * Copies JSON as {@link #withoutXet(InputStream, OutputStream, Links, Runnable)} does, but of the
   * outermost object these members only.
   *
   * @throws IOException when one of the streams fails
   * @throws MalformedJsonException when the text is not JSON, or ends too early
   */
  public static void onlyMembers(
      InputStream from, OutputStream to, Set<String> members, Runnable afterToken)
      throws IOException, MalformedJsonException {
    stream(from, to, JsonCopier.Rules.WITHOUT_XET.withMembers(members), afterToken);
  }

  private static void stream(
      InputStream from, OutputStream to, JsonCopier.Rules rules, Runnable afterToken)
      throws IOException, MalformedJsonException {
    try (JsonParser in = HubJson.STREAMS.createParser(ObjectReadContext.empty(), from);
        JsonGenerator out = HubJson.STREAMS.createGenerator(ObjectWriteContext.empty(), to)) {
      copy(in, out, rules, afterToken);
    } catch (JacksonIOException e) {
      throw e.getCause();
    } catch (JacksonException e) {
      throw new MalformedJsonException("the answer is not valid JSON", e);
    }
  }

  private static void copy(
      JsonParser in, JsonGenerator out, JsonCopier.Rules rules, Runnable afterToken)
      throws MalformedJsonException {
    if (in.nextToken() == null) {
      throw new MalformedJsonException("the answer is empty");
    }
    new JsonCopier(in, out, rules).value(afterToken);
    if (in.nextToken() != null) {
      throw new MalformedJsonException("the answer continues after its end");
    }
  }
}
