package io.intrahub.hub.json;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.Digest;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;

/** The request and the answer of the Git LFS batch API, for downloads by plain HTTP. */
public final class LfsBatchJson {
  /** The media type of both. */
  public static final String TYPE = "application/vnd.git-lfs+json";

  private static final String BASIC = "basic";

  private LfsBatchJson() {}

  /**
   * Where the answer says that an object is.
   *
   * @param blob that is there
   * @param href an absolute address, not checked
   * @param expiresIn seconds that the address lives, if the answer says so
   */
  public record Download(BlobId blob, String href, Optional<Long> expiresIn) {}

  /** The body that asks where these objects are. */
  public static byte[] write(Collection<BlobId> blobs) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (JsonGenerator json = HubJson.FACTORY.createGenerator(ObjectWriteContext.empty(), out)) {
      json.writeStartObject();
      json.writeStringProperty("operation", "download");
      json.writeArrayPropertyStart("transfers");
      json.writeString(BASIC);
      json.writeEndArray();
      json.writeStringProperty("hash_algo", "sha256");
      json.writeArrayPropertyStart("objects");
      for (BlobId blob : blobs) {
        json.writeStartObject();
        json.writeStringProperty("oid", blob.digest().hex());
        json.writeNumberProperty("size", blob.size());
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeEndObject();
    }
    return out.toByteArray();
  }

  /**
   * Reads an answer. Objects that can't be had by a plain GET are left out: those with an error,
   * and those whose address needs headers of its own.
   *
   * @throws MalformedJsonException if it is not an answer of this API, or is about another transfer
   */
  public static List<Download> read(byte[] answer) throws MalformedJsonException {
    try (JsonParser in = HubJson.FACTORY.createParser(ObjectReadContext.empty(), answer)) {
      return read(in);
    } catch (JacksonException e) {
      throw new MalformedJsonException("the LFS answer is not valid JSON", e);
    }
  }

  private static List<Download> read(JsonParser in) throws MalformedJsonException {
    Optional<List<Download>> found = Optional.empty();
    if (in.nextToken() != JsonToken.START_OBJECT) {
      throw new MalformedJsonException("the LFS answer is not an object");
    }
    while (in.nextToken() == JsonToken.PROPERTY_NAME) {
      String name = in.currentName();
      JsonToken value = in.nextToken();
      if (name.equals("transfer") && !(value.isScalarValue() && BASIC.equals(in.getString()))) {
        throw new MalformedJsonException("the LFS answer is about another transfer than basic");
      } else if (name.equals("objects") && value == JsonToken.START_ARRAY) {
        found = Optional.of(objects(in));
      } else {
        in.skipChildren();
      }
    }
    if (in.currentToken() != JsonToken.END_OBJECT) {
      throw new MalformedJsonException("the LFS answer is cut short");
    }
    return found.orElseThrow(() -> new MalformedJsonException("the LFS answer has no objects"));
  }

  private static List<Download> objects(JsonParser in) {
    List<Download> found = new ArrayList<>();
    while (in.nextToken() == JsonToken.START_OBJECT) {
      new Read().object(in).ifPresent(found::add);
    }
    return found;
  }

  /** What was read of one object. For one thread. */
  private static final class Read {
    private String oid = "";
    private long size = -1;
    private Optional<String> href = Optional.empty();
    private Optional<Long> expiresIn = Optional.empty();
    private boolean isPlain = true;

    Optional<Download> object(JsonParser in) {
      while (in.nextToken() == JsonToken.PROPERTY_NAME) {
        String name = in.currentName();
        JsonToken value = in.nextToken();
        switch (name) {
          case "oid" -> oid = value == JsonToken.VALUE_STRING ? in.getString() : "";
          case "size" -> size = value == JsonToken.VALUE_NUMBER_INT ? number(in) : -1;
          case "error" -> isPlain = isPlain && value == JsonToken.VALUE_NULL;
          case "actions" -> actions(in, value);
          default -> {}
        }
        in.skipChildren();
      }
      boolean isSha256 = oid.length() == 64 && oid.chars().allMatch(Read::isHex);
      return isPlain && isSha256 && size >= 0
          ? href.map(h -> new Download(new BlobId(new Digest.Sha256(oid), size), h, expiresIn))
          : Optional.empty();
    }

    private static boolean isHex(int c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    }

    /** A number that fits no long is as good as none. */
    private static long number(JsonParser in) {
      return in.getNumberType() == JsonParser.NumberType.BIG_INTEGER ? -1 : in.getLongValue();
    }

    private void actions(JsonParser in, JsonToken value) {
      while (value == JsonToken.START_OBJECT && in.nextToken() == JsonToken.PROPERTY_NAME) {
        boolean isDownload = in.currentName().equals("download");
        JsonToken action = in.nextToken();
        if (isDownload && action == JsonToken.START_OBJECT) {
          download(in);
        } else {
          in.skipChildren();
        }
      }
    }

    private void download(JsonParser in) {
      while (in.nextToken() == JsonToken.PROPERTY_NAME) {
        String name = in.currentName();
        JsonToken value = in.nextToken();
        switch (name) {
          case "href" ->
              href =
                  value == JsonToken.VALUE_STRING ? Optional.of(in.getString()) : Optional.empty();
          case "expires_in" ->
              expiresIn =
                  value == JsonToken.VALUE_NUMBER_INT
                      ? Optional.of(number(in)).filter(seconds -> seconds > 0)
                      : Optional.empty();
          case "header" -> isPlain = isPlain && isEmpty(in, value);
          default -> {}
        }
        in.skipChildren();
      }
    }

    private static boolean isEmpty(JsonParser in, JsonToken value) {
      boolean isEmpty = value == JsonToken.VALUE_NULL || value == JsonToken.START_OBJECT;
      while (value == JsonToken.START_OBJECT && in.nextToken() == JsonToken.PROPERTY_NAME) {
        isEmpty = false;
        in.nextToken();
        in.skipChildren();
      }
      return isEmpty;
    }
  }
}
