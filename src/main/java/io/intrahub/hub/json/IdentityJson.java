package io.intrahub.hub.json;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;

/** The answer of {@code GET /api/whoami-v2} about a token that is not one of the Hub. */
public final class IdentityJson {
  private static final DateTimeFormatter MILLIS =
      DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);

  /** The Hub's ids have 24 hexadecimal digits. */
  private static final int ID_DIGITS = 24;

  private IdentityJson() {}

  /**
   * Writes the body, with all members that clients of the Hub read.
   *
   * @param name by which the holder of the token is known; {@code hf auth login} saves the token
   *     under it
   * @param created when the token was issued
   */
  public static byte[] write(String name, Instant created) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JsonGenerator out = HubJson.FACTORY.createGenerator(ObjectWriteContext.empty(), bytes)) {
      out.writeStartObject();
      out.writeStringProperty("type", "user");
      out.writeStringProperty("id", id(name));
      out.writeStringProperty("name", name);
      out.writeStringProperty("fullname", name + " (local token of intrahub)");
      out.writeBooleanProperty("emailVerified", false);
      out.writeBooleanProperty("canPay", false);
      out.writeNullProperty("periodEnd");
      out.writeBooleanProperty("isPro", false);
      out.writeStringProperty("avatarUrl", "");
      out.writeArrayPropertyStart("orgs");
      out.writeEndArray();
      out.writeObjectPropertyStart("auth");
      out.writeStringProperty("type", "access_token");
      out.writeObjectPropertyStart("accessToken");
      out.writeStringProperty("displayName", name);
      out.writeStringProperty("role", "read");
      out.writeStringProperty("createdAt", MILLIS.format(created));
      out.writeEndObject();
      out.writeEndObject();
      out.writeEndObject();
    }
    return bytes.toByteArray();
  }

  /** Returns an id that stays the same for a name. */
  private static String id(String name) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256")
              .digest(("intrahub " + name).getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(hash).substring(0, ID_DIGITS);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
