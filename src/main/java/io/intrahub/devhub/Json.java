package io.intrahub.devhub;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/** Compact JSON, written in one pass; {@code /} is not escaped, as on the Hub. */
final class Json {
  private static final JsonFactory FACTORY = new JsonFactory();

  private Json() {}

  static byte[] write(Consumer<JsonGenerator> body) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (JsonGenerator json = FACTORY.createGenerator(ObjectWriteContext.empty(), out)) {
      body.accept(json);
    }
    return out.toByteArray();
  }

  static byte[] error(String message) {
    return write(json -> {
      json.writeStartObject();
      json.writeStringProperty("error", message);
      json.writeEndObject();
    });
  }

  /** What a JSON body of paths-info asks for. */
  record PathsBody(List<String> paths, boolean expand) {}

  /** Reads {@code {"paths":["a","b"],"expand":true}}; {@code paths} may also be one string. */
  static PathsBody readPaths(byte[] body) {
    List<String> paths = new ArrayList<>();
    boolean expand = false;
    try (JsonParser json = FACTORY.createParser(ObjectReadContext.empty(), body)) {
      json.nextToken();
      while (json.nextToken() == JsonToken.PROPERTY_NAME) {
        String name = json.currentName();
        JsonToken value = json.nextToken();
        if (name.equals("paths") && value == JsonToken.START_ARRAY) {
          while (json.nextToken() == JsonToken.VALUE_STRING) {
            paths.add(json.getString());
          }
        } else if (name.equals("paths") && value == JsonToken.VALUE_STRING) {
          paths.add(json.getString());
        } else if (name.equals("expand")) {
          expand = value == JsonToken.VALUE_TRUE;
        } else {
          json.skipChildren();
        }
      }
    }
    return new PathsBody(paths, expand);
  }

  /** An object of a batch call. */
  record LfsObject(String oid, long size) {}

  /** What a batch call of Git LFS asks for. */
  record LfsBody(String operation, List<LfsObject> objects) {}

  /** Reads {@code {"operation":"download","objects":[{"oid":"…","size":1}]}}. */
  static LfsBody readLfs(byte[] body) {
    List<LfsObject> objects = new ArrayList<>();
    String operation = "";
    try (JsonParser json = FACTORY.createParser(ObjectReadContext.empty(), body)) {
      json.nextToken();
      while (json.nextToken() == JsonToken.PROPERTY_NAME) {
        String name = json.currentName();
        JsonToken value = json.nextToken();
        if (name.equals("operation") && value == JsonToken.VALUE_STRING) {
          operation = json.getString();
        } else if (name.equals("objects") && value == JsonToken.START_ARRAY) {
          while (json.nextToken() == JsonToken.START_OBJECT) {
            objects.add(readLfsObject(json));
          }
        } else {
          json.skipChildren();
        }
      }
    }
    return new LfsBody(operation, objects);
  }

  private static LfsObject readLfsObject(JsonParser json) {
    String oid = "";
    long size = -1;
    while (json.nextToken() == JsonToken.PROPERTY_NAME) {
      String name = json.currentName();
      JsonToken value = json.nextToken();
      if (name.equals("oid") && value == JsonToken.VALUE_STRING) {
        oid = json.getString();
      } else if (name.equals("size") && value == JsonToken.VALUE_NUMBER_INT) {
        size = json.getLongValue();
      } else {
        json.skipChildren();
      }
    }
    return new LfsObject(oid, size);
  }
}
