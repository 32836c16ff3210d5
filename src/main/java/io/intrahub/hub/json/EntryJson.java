package io.intrahub.hub.json;

import io.intrahub.hub.Digest;
import io.intrahub.hub.Entry;
import io.intrahub.hub.FilePath;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.exc.JacksonIOException;
import tools.jackson.core.json.JsonFactory;

/**
 * Reads the arrays of entries that the Hub's tree and paths-info send, one entry at a time. Each
 * entry's own text is kept, compact and without Xet fields.
 */
public final class EntryJson {
  /** Larger than any entry of the Hub: a path that Linux can check out has at most 4,096 bytes. */
  private static final int MAX_ENTRY = 24 * 1024;

  /**
   * A listing may have any number of entries. The parser keeps no field names beyond one entry, and
   * no string may be longer than an entry.
   */
  private static final JsonFactory LISTINGS =
      HubJson.FACTORY
          .rebuild()
          .disable(TokenStreamFactory.Feature.CANONICALIZE_PROPERTY_NAMES)
          .streamReadConstraints(
              HubJson.FACTORY
                  .streamReadConstraints()
                  .rebuild()
                  .maxStringLength(MAX_ENTRY)
                  .maxNameLength(MAX_ENTRY)
                  .build())
          .build();

  private EntryJson() {}

  /** Takes the entries of a listing. */
  public interface Receiver {
    /**
     * Takes the next entry.
     *
     * @throws IOException ends the reading, and is passed on as it is
     */
    void take(Sent entry) throws IOException;
  }

  /**
   * One entry as it was sent.
   *
   * @param entry the parsed entry
   * @param json the object's text
   */
  public record Sent(Entry entry, String json) {}

  /**
   * Passes each entry of an array on.
   *
   * <p>An entry whose path breaks the rules of {@link FilePath} is left out: a name such as {@code
   * ../x}, which git does not allow, is an attack on the clients (huggingface_hub issue 3896). The
   * caller tells the operator. Memory is needed for one entry at a time.
   *
   * @return how many entries the array had, those left out included
   * @throws MalformedJsonException when the text is not an array of entries, or an entry is larger
   *     than any of the Hub's
   * @throws IOException when the text can't be read to its end
   */
  public static int read(InputStream from, Receiver to) throws MalformedJsonException, IOException {
    try (JsonParser parser = LISTINGS.createParser(ObjectReadContext.empty(), from)) {
      if (parser.nextToken() != JsonToken.START_ARRAY) {
        if (parser.currentToken() == null) {
          throw new MalformedJsonException("the listing is empty");
        }
        // Garbage may begin like an object; the reason is then that it is not JSON.
        parser.skipChildren();
        throw new MalformedJsonException("the listing is not an array");
      }
      int count = 0;
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        if (parser.currentToken() != JsonToken.START_OBJECT) {
          throw MalformedJsonException.otherShape(
              "the listing contains a value that is not an object");
        }
        count++;
        Optional<Sent> entry = readOne(parser);
        if (entry.isPresent()) {
          to.take(entry.get());
        }
      }
      if (parser.nextToken() != null) {
        throw new MalformedJsonException("the listing continues after its end");
      }
      return count;
    } catch (JacksonIOException e) {
      throw e.getCause();
    } catch (JacksonException e) {
      throw new MalformedJsonException("the listing is not valid JSON", e);
    }
  }

  /**
   * Reads one entry from its text, as {@link Sent#json} has it.
   *
   * @throws MalformedJsonException if the text is not an entry
   */
  public static Sent parse(String json) throws MalformedJsonException {
    try (JsonParser parser = LISTINGS.createParser(ObjectReadContext.empty(), json)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new MalformedJsonException("an entry is not an object");
      }
      return readOne(parser)
          .orElseThrow(() -> new MalformedJsonException("an entry has no usable path"));
    } catch (JacksonException e) {
      throw new MalformedJsonException("an entry is not valid JSON", e);
    }
  }

  /** Returns the text of an entry, as the Hub would write it. */
  public static String write(Entry entry) {
    ByteArrayOutputStream text = new ByteArrayOutputStream(256);
    try (JsonGenerator out = LISTINGS.createGenerator(ObjectWriteContext.empty(), text)) {
      out.writeStartObject();
      out.writeStringProperty("type", entry.kind() == Entry.Kind.FILE ? "file" : "directory");
      out.writeStringProperty("oid", entry.oid());
      out.writeNumberProperty("size", entry.size());
      entry
          .lfs()
          .ifPresent(lfs -> {
            out.writeObjectPropertyStart("lfs");
            out.writeStringProperty("oid", lfs.sha256().hex());
            out.writeNumberProperty("size", lfs.size());
            out.writeNumberProperty("pointerSize", lfs.pointerSize());
            out.writeEndObject();
          });
      out.writeStringProperty("path", entry.path().value());
      out.writeEndObject();
    }
    return text.toString(StandardCharsets.UTF_8);
  }

  private static Optional<Sent> readOne(JsonParser parser) throws MalformedJsonException {
    // Bytes, because a generator of text does not escape half a surrogate pair.
    EntryText text = new EntryText();
    Fields fields = new Fields();
    try (JsonGenerator out = LISTINGS.createGenerator(ObjectWriteContext.empty(), text)) {
      JsonCopier copy = new JsonCopier(parser, out, JsonCopier.Rules.WITHOUT_XET);
      copy.object((name, depth) -> fields.take(parser, name, depth));
    } catch (EntryText.TooLongException e) {
      throw new MalformedJsonException("an entry is larger than " + MAX_ENTRY + " bytes", e);
    }
    return fields.toEntry().map(entry -> new Sent(entry, text.toString(StandardCharsets.UTF_8)));
  }

  /** The text of one entry, which must not be too long. */
  private static final class EntryText extends ByteArrayOutputStream {
    /** Not an {@link IOException}, which would look as if the source had failed. */
    private static final class TooLongException extends RuntimeException {
      private static final long serialVersionUID = 1L;
    }

    EntryText() {
      super(256);
    }

    @Override
    public synchronized void write(byte[] bytes, int offset, int length) {
      if (count + length > MAX_ENTRY) {
        throw new TooLongException();
      }
      super.write(bytes, offset, length);
    }
  }

  /** The fields of one entry that the mirror uses. */
  private static final class Fields {
    private String type = "";
    private String path = "";
    private String oid = "";
    private long size = -1;
    private boolean isLfs;
    private String lfsOid = "";
    private long lfsSize = -1;
    private long pointerSize;

    /** Called with the parser on a scalar value; {@code depth} 1 is the entry itself. */
    void take(JsonParser parser, String name, int depth) {
      if (depth == 1) {
        switch (name) {
          case "type" -> type = text(parser);
          case "path" -> path = text(parser);
          case "oid" -> oid = text(parser);
          case "size" -> size = number(parser);
          default -> {}
        }
      } else if (depth == 2 && parser.streamReadContext().getParent().currentName() != null) {
        if (parser.streamReadContext().getParent().currentName().equals("lfs")) {
          switch (name) {
            case "oid" -> {
              lfsOid = text(parser);
              isLfs = true;
            }
            case "size" -> {
              lfsSize = number(parser);
              isLfs = true;
            }
            case "pointerSize" -> pointerSize = number(parser);
            default -> {}
          }
        }
      }
    }

    /** Not the text of a number or of null: a file called "null" would be made up. */
    private static String text(JsonParser parser) {
      return parser.currentToken() == JsonToken.VALUE_STRING ? parser.getString() : "";
    }

    private static long number(JsonParser parser) {
      return parser.currentToken() == JsonToken.VALUE_NUMBER_INT ? parser.getLongValue() : -1;
    }

    Optional<Entry> toEntry() throws MalformedJsonException {
      Optional<FilePath> file = FilePath.parse(path);
      if (file.isEmpty()) {
        return Optional.empty();
      }
      if (type.equals("directory")) {
        return Optional.of(new Entry(Entry.Kind.DIRECTORY, file.get(), oid, 0, Optional.empty()));
      }
      if (!type.equals("file")) {
        throw MalformedJsonException.otherShape("an entry is neither file nor directory");
      }
      Optional<Entry.Lfs> lfs = Optional.empty();
      if (isLfs) {
        if (lfsSize < 0) {
          throw MalformedJsonException.otherShape("an LFS entry has no size");
        }
        if (!(Digest.ofEtag(lfsOid).orElse(null) instanceof Digest.Sha256 sha256)) {
          throw MalformedJsonException.otherShape("an LFS entry has no sha256");
        }
        lfs = Optional.of(new Entry.Lfs(sha256, lfsSize, pointerSize));
      } else if (!(Digest.ofEtag(oid).orElse(null) instanceof Digest.GitSha1)) {
        throw MalformedJsonException.otherShape("an entry has no git blob id");
      }
      if (size < 0) {
        throw MalformedJsonException.otherShape("an entry has no size");
      }
      return Optional.of(new Entry(Entry.Kind.FILE, file.get(), oid, size, lfs));
    }
  }
}
