package io.intrahub.hub.json;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Collection;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.exc.JacksonIOException;

/** The body of a {@code paths-info} call as huggingface.js and Rust clients send it. */
public final class PathsInfoJson {
  private PathsInfoJson() {}

  /** Receives the paths of a body, one at a time, as they are read. */
  public interface Paths {
    /**
     * The next path.
     *
     * @throws IOException to stop reading
     */
    void add(String path) throws IOException;
  }

  /**
   * Reads a body from a stream, without closing it. Only one path is in memory at a time.
   *
   * @return whether {@code expand} is true, so that commits and scan results are requested
   * @throws IOException when the stream fails, or what {@code to} throws
   * @throws MalformedJsonException when it is not an object with a list of paths
   */
  public static boolean read(InputStream body, Paths to)
      throws IOException, MalformedJsonException {
    try (JsonParser in = HubJson.REQUESTS.createParser(ObjectReadContext.empty(), body)) {
      return read(in, to);
    } catch (JacksonIOException e) {
      throw e.getCause();
    } catch (JacksonException e) {
      throw new MalformedJsonException("the body is not valid JSON", e);
    }
  }

  private static boolean read(JsonParser in, Paths to) throws IOException, MalformedJsonException {
    boolean expand = false;
    boolean named = false;
    if (in.nextToken() != JsonToken.START_OBJECT) {
      throw new MalformedJsonException("the body is not a JSON object");
    }
    while (in.nextToken() == JsonToken.PROPERTY_NAME) {
      String name = in.currentName();
      JsonToken value = in.nextToken();
      if (name.equals("paths") && named) {
        throw new MalformedJsonException("\"paths\" occurs twice");
      }
      named = named || name.equals("paths");
      if (name.equals("paths") && value == JsonToken.START_ARRAY) {
        while (in.nextToken() == JsonToken.VALUE_STRING) {
          to.add(in.getString());
        }
        if (in.currentToken() != JsonToken.END_ARRAY) {
          throw new MalformedJsonException("\"paths\" contains a value that is not text");
        }
      } else if (name.equals("paths") && value == JsonToken.VALUE_STRING) {
        to.add(in.getString());
      } else if (name.equals("expand")) {
        expand = value == JsonToken.VALUE_TRUE;
      } else {
        in.skipChildren();
      }
    }
    return expand;
  }

  /** Writes a body. Does not close the stream. */
  public static void write(Collection<String> paths, boolean expand, OutputStream to)
      throws IOException {
    try (JsonGenerator out = HubJson.STREAMS.createGenerator(ObjectWriteContext.empty(), to)) {
      out.writeStartObject();
      out.writeArrayPropertyStart("paths");
      for (String path : paths) {
        out.writeString(path);
      }
      out.writeEndArray();
      out.writeBooleanProperty("expand", expand);
      out.writeEndObject();
    } catch (JacksonIOException e) {
      throw e.getCause();
    }
  }
}
