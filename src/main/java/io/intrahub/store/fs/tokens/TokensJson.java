package io.intrahub.store.fs.tokens;

import io.intrahub.access.local.LocalToken;
import io.intrahub.access.local.TokenHash;
import io.intrahub.access.local.TokenTable;
import io.intrahub.hub.RepoPattern;
import java.io.ByteArrayOutputStream;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;

/**
 * The format of the file of local tokens:
 *
 * <pre>{@code
 * {"format":1,"tokens":[
 *   {"name":"ci","sha256":"64 hexadecimal digits","created":"2026-06-01T10:00:00Z",
 *    "expires":"2026-09-01T10:00:00Z","repos":["acme/*"]}]}
 * }</pre>
 *
 * <p>{@code expires} and {@code repos} are left out if there is no limit. An unknown member is an
 * error: it may be a limit that a newer version wrote, and ignoring a limit would open something.
 */
final class TokensJson {
  private static final int FORMAT = 1;

  private static final JsonFactory FACTORY =
      JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  private TokensJson() {}

  static byte[] write(TokenTable table) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JsonGenerator out = FACTORY.createGenerator(ObjectWriteContext.empty(), bytes)) {
      out.writeStartObject();
      out.writeNumberProperty("format", FORMAT);
      out.writeArrayPropertyStart("tokens");
      for (LocalToken token : table.tokens()) {
        out.writeStartObject();
        out.writeStringProperty("name", token.name());
        out.writeStringProperty("sha256", token.hash().hex());
        out.writeStringProperty("created", token.created().toString());
        token.expires().ifPresent(end -> out.writeStringProperty("expires", end.toString()));
        if (!token.repos().isEmpty()) {
          out.writeArrayPropertyStart("repos");
          token.repos().forEach(pattern -> out.writeString(pattern.toString()));
          out.writeEndArray();
        }
        out.writeEndObject();
      }
      out.writeEndArray();
      out.writeEndObject();
    }
    return bytes.toByteArray();
  }

  static TokenTable read(byte[] json) throws DamagedTokensException {
    try (JsonParser in = FACTORY.createParser(ObjectReadContext.empty(), json)) {
      TokenTable table = table(in);
      if (in.nextToken() != null) {
        throw new DamagedTokensException("it continues after its end");
      }
      return table;
    } catch (JacksonException e) {
      throw new DamagedTokensException("it is not valid JSON", e);
    } catch (IllegalArgumentException | DateTimeException e) {
      throw new DamagedTokensException("a token in it is not valid", e);
    }
  }

  private static TokenTable table(JsonParser in) throws DamagedTokensException {
    expect(in.nextToken(), JsonToken.START_OBJECT, "an object");
    boolean isKnown = false;
    Optional<TokenTable> table = Optional.empty();
    while (in.nextToken() == JsonToken.PROPERTY_NAME) {
      String name = in.currentName();
      JsonToken value = in.nextToken();
      switch (name) {
        case "format" -> {
          expect(value, JsonToken.VALUE_NUMBER_INT, "the number of its format");
          if (in.getIntValue() != FORMAT) {
            throw new DamagedTokensException(
                "it has format %d, and this version knows only format %d"
                    .formatted(in.getIntValue(), FORMAT));
          }
          isKnown = true;
        }
        case "tokens" -> {
          expect(value, JsonToken.START_ARRAY, "a list of tokens");
          table = Optional.of(tokens(in));
        }
        default -> throw new DamagedTokensException("it has an unknown member");
      }
    }
    if (!isKnown || table.isEmpty()) {
      throw new DamagedTokensException("it lacks the number of its format, or the list of tokens");
    }
    return table.get();
  }

  private static TokenTable tokens(JsonParser in) throws DamagedTokensException {
    List<LocalToken> tokens = new ArrayList<>();
    while (in.nextToken() != JsonToken.END_ARRAY) {
      expect(in.currentToken(), JsonToken.START_OBJECT, "a token");
      tokens.add(token(in));
    }
    return new TokenTable(tokens);
  }

  private static LocalToken token(JsonParser in) throws DamagedTokensException {
    String name = "";
    Optional<TokenHash> hash = Optional.empty();
    Optional<Instant> created = Optional.empty();
    Optional<Instant> expires = Optional.empty();
    List<RepoPattern> repos = List.of();
    while (in.nextToken() == JsonToken.PROPERTY_NAME) {
      String member = in.currentName();
      JsonToken value = in.nextToken();
      switch (member) {
        case "name" -> name = text(in, value);
        case "sha256" -> hash = TokenHash.parse(text(in, value));
        case "created" -> created = Optional.of(Instant.parse(text(in, value)));
        case "expires" -> expires = Optional.of(Instant.parse(text(in, value)));
        case "repos" -> {
          expect(value, JsonToken.START_ARRAY, "a list of patterns");
          repos = patterns(in);
        }
        default -> throw new DamagedTokensException("a token in it has an unknown member");
      }
    }
    if (hash.isEmpty() || created.isEmpty()) {
      throw new DamagedTokensException("a token in it has no hash or no time of creation");
    }
    return new LocalToken(name, hash.get(), created.get(), expires, repos);
  }

  private static List<RepoPattern> patterns(JsonParser in) throws DamagedTokensException {
    List<RepoPattern> patterns = new ArrayList<>();
    while (in.nextToken() != JsonToken.END_ARRAY) {
      patterns.add(
          RepoPattern.parse(text(in, in.currentToken()))
              .orElseThrow(() -> new DamagedTokensException("a pattern in it is not valid")));
    }
    if (patterns.isEmpty()) {
      // An empty list in memory means no limit, which nobody writes this way.
      throw new DamagedTokensException("a token in it is limited to no repo");
    }
    return patterns;
  }

  private static String text(JsonParser in, JsonToken value) throws DamagedTokensException {
    expect(value, JsonToken.VALUE_STRING, "a text");
    return in.getString();
  }

  private static void expect(JsonToken found, JsonToken expected, String what)
      throws DamagedTokensException {
    if (found != expected) {
      throw new DamagedTokensException("it lacks " + what + " at one place");
    }
  }
}
