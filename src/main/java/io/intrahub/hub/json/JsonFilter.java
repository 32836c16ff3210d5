package io.intrahub.hub.json;

import java.io.ByteArrayOutputStream;
import java.util.Set;
import java.util.function.UnaryOperator;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;

/** Takes out of an answer of the Hub what would lead a client past the mirror. */
public final class JsonFilter {
  private JsonFilter() {}

  /** The same JSON without Xet fields. */
  public static byte[] withoutXet(byte[] json) throws MalformedJsonException {
    return filter(json, JsonCopy.Rules.WITHOUT_XET);
  }

  /**
   * The same JSON without Xet fields, and with each string that begins with {@code from} begun with
   * {@code to} instead: parquet listings hold absolute URLs of the Hub.
   */
  public static byte[] withoutXet(byte[] json, String from, String to)
      throws MalformedJsonException {
    UnaryOperator<String> moved =
        text -> text.startsWith(from) ? to + text.substring(from.length()) : text;
    return filter(json, new JsonCopy.Rules(Set.of("xetHash"), moved));
  }

  private static byte[] filter(byte[] json, JsonCopy.Rules rules) throws MalformedJsonException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(json.length);
    try (JsonParser in = HubJson.FACTORY.createParser(ObjectReadContext.empty(), json);
        JsonGenerator out = HubJson.FACTORY.createGenerator(ObjectWriteContext.empty(), bytes)) {
      if (in.nextToken() == null) {
        throw new MalformedJsonException("the answer is empty");
      }
      new JsonCopy(in, out, rules).value();
      if (in.nextToken() != null) {
        throw new MalformedJsonException("the answer goes on behind its end");
      }
    } catch (JacksonException e) {
      throw new MalformedJsonException("the answer is not valid JSON", e);
    }
    return bytes.toByteArray();
  }
}
