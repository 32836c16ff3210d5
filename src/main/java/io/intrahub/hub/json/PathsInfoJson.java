package io.intrahub.hub.json;

import java.util.ArrayList;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;

/** The body of a {@code paths-info} call as huggingface.js and Rust clients send it. */
public final class PathsInfoJson {
  private PathsInfoJson() {}

  /**
   * What is asked.
   *
   * @param paths in the order of the request
   * @param expand whether commits and scan results are wanted
   */
  public record Asked(List<String> paths, boolean expand) {}

  /**
   * Reads a body.
   *
   * @throws MalformedJsonException when it is not an object with a list of paths
   */
  public static Asked read(byte[] json) throws MalformedJsonException {
    List<String> paths = new ArrayList<>();
    boolean expand = false;
    try (JsonParser in = HubJson.FACTORY.createParser(ObjectReadContext.empty(), json)) {
      if (in.nextToken() != JsonToken.START_OBJECT) {
        throw new MalformedJsonException("the body is not a JSON object");
      }
      while (in.nextToken() == JsonToken.PROPERTY_NAME) {
        String name = in.currentName();
        JsonToken value = in.nextToken();
        if (name.equals("paths") && value == JsonToken.START_ARRAY) {
          while (in.nextToken() == JsonToken.VALUE_STRING) {
            paths.add(in.getString());
          }
          if (in.currentToken() != JsonToken.END_ARRAY) {
            throw new MalformedJsonException("\"paths\" holds something that is not text");
          }
        } else if (name.equals("paths") && value == JsonToken.VALUE_STRING) {
          paths.add(in.getString());
        } else if (name.equals("expand")) {
          expand = value == JsonToken.VALUE_TRUE;
        } else {
          in.skipChildren();
        }
      }
    } catch (JacksonException e) {
      throw new MalformedJsonException("the body is not valid JSON", e);
    }
    return new Asked(List.copyOf(paths), expand);
  }
}
