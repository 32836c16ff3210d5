package io.intrahub.hub.json;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;

/** The Hub's error body, {@code {"error": "…"}}. */
public final class ErrorJson {
  private ErrorJson() {}

  /** Writes the body. */
  public static byte[] write(String message) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(message.length() + 16);
    try (JsonGenerator out = HubJson.FACTORY.createGenerator(ObjectWriteContext.empty(), bytes)) {
      out.writeStartObject();
      out.writeStringProperty("error", message);
      out.writeEndObject();
    }
    return bytes.toByteArray();
  }

  /** The message in a body; empty when the body is no JSON object with a text called error. */
  public static Optional<String> message(String body) {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    try (JsonParser in = HubJson.FACTORY.createParser(ObjectReadContext.empty(), bytes)) {
      if (in.nextToken() != JsonToken.START_OBJECT) {
        return Optional.empty();
      }
      while (in.nextToken() == JsonToken.PROPERTY_NAME) {
        boolean error = in.currentName().equals("error");
        if (in.nextToken() == JsonToken.VALUE_STRING && error) {
          return Optional.of(in.getString());
        }
        in.skipChildren();
      }
      return Optional.empty();
    } catch (JacksonException e) {
      return Optional.empty();
    }
  }
}
