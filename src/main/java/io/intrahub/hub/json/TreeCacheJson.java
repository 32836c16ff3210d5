package io.intrahub.hub.json;

import io.intrahub.hub.Digest;
import io.intrahub.hub.Entry;
import io.intrahub.hub.FilePath;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.exc.JacksonIOException;

/**
 * The list of a commit's files that clients keep in a cache folder, as {@code trees/{commit}.json}
 * (huggingface_hub 1.33 and 2.4, {@code _tree_cache}). It has no folders, and not the size of the
 * pointer of an LFS file. Both directions need memory for one file at a time.
 */
public final class TreeCacheJson {
  private static final int VERSION = 1;
  private static final String FORMAT_VERSION = "format_version";
  private static final String FILES = "files";

  private TreeCacheJson() {}

  /** Takes the files of a list. */
  public interface Receiver {
    /**
     * Takes the next file.
     *
     * @throws IOException ends the reading, and is passed on as it is
     */
    void take(Entry file) throws IOException;
  }

  /**
   * Passes each file of a list on. A file whose path breaks the rules of {@link FilePath} is left
   * out. Does not close the stream.
   *
   * @throws MalformedJsonException when the text is not a list in the one version that is known, or
   *     ends too early
   * @throws IOException when the text can't be read to its end
   */
  public static void read(InputStream from, Receiver to)
      throws MalformedJsonException, IOException {
    try (JsonParser parser = HubJson.STREAMS.createParser(ObjectReadContext.empty(), from)) {
      expect(parser, JsonToken.START_OBJECT);
      // Clients write it first; without it, nothing is known of what follows.
      expect(parser, JsonToken.PROPERTY_NAME);
      if (!parser.currentName().equals(FORMAT_VERSION)
          || parser.nextToken() != JsonToken.VALUE_NUMBER_INT
          || parser.getLongValue() != VERSION) {
        throw new MalformedJsonException("it is no list of files in version " + VERSION);
      }
      boolean listed = false;
      while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
        boolean isFiles = parser.currentName().equals(FILES);
        listed |= isFiles;
        parser.nextToken();
        if (isFiles) {
          files(parser, to);
        } else {
          parser.skipChildren();
        }
      }
      if (!listed || parser.nextToken() != null) {
        throw new MalformedJsonException("it names no files, or continues after its end");
      }
    } catch (JacksonIOException e) {
      throw e.getCause();
    } catch (JacksonException e) {
      throw new MalformedJsonException("it is not valid JSON", e);
    }
  }

  /** Passes the files of a list. */
  public interface Source {
    /**
     * Passes all files, in the order of their paths.
     *
     * @throws IOException ends the writing, and is passed on as it is
     */
    void passTo(Receiver receiver) throws IOException;
  }

  /**
   * Writes a list. Does not close the stream.
   *
   * @throws IOException when the stream or the source fails; the list is not ended then
   */
  public static void write(OutputStream to, Source files) throws IOException {
    try (JsonGenerator out = HubJson.STREAMS.createGenerator(ObjectWriteContext.empty(), to)) {
      out.writeStartObject();
      out.writeNumberProperty(FORMAT_VERSION, VERSION);
      out.writeObjectPropertyStart(FILES);
      files.passTo(file -> {
        try {
          write(out, file);
        } catch (JacksonIOException e) {
          throw e.getCause();
        }
      });
      out.writeEndObject();
      out.writeEndObject();
    } catch (JacksonIOException e) {
      throw e.getCause();
    }
  }

  private static void write(JsonGenerator out, Entry file) {
    out.writeObjectPropertyStart(file.path().value());
    out.writeNumberProperty("size", file.size());
    out.writeStringProperty("blob_id", file.oid());
    file.lfs()
        .ifPresent(lfs -> {
          out.writeStringProperty("lfs_sha256", lfs.sha256().hex());
          out.writeNumberProperty("lfs_size", lfs.size());
        });
    out.writeEndObject();
  }

  private static void expect(JsonParser parser, JsonToken token) throws MalformedJsonException {
    if (parser.nextToken() != token) {
      throw new MalformedJsonException("it is not an object");
    }
  }

  private static void files(JsonParser parser, Receiver to)
      throws MalformedJsonException, IOException {
    if (parser.currentToken() != JsonToken.START_OBJECT) {
      throw new MalformedJsonException("its files are not an object");
    }
    while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
      Optional<FilePath> path = FilePath.parse(parser.currentName());
      Fields fields = new Fields();
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new MalformedJsonException("a file is not an object");
      }
      while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
        String name = parser.currentName();
        parser.nextToken();
        fields.take(parser, name);
        parser.skipChildren();
      }
      if (path.isPresent()) {
        to.take(fields.file(path.get()));
      }
    }
  }

  /** The fields of one file. */
  private static final class Fields {
    private String id = "";
    private long size = -1;
    private String sha256 = "";
    private long lfsSize = -1;

    void take(JsonParser parser, String name) {
      switch (name) {
        case "blob_id" -> id = text(parser);
        case "size" -> size = number(parser);
        case "lfs_sha256" -> sha256 = text(parser);
        case "lfs_size" -> lfsSize = number(parser);
        default -> {}
      }
    }

    private static String text(JsonParser parser) {
      return parser.currentToken() == JsonToken.VALUE_STRING ? parser.getString() : "";
    }

    private static long number(JsonParser parser) {
      return parser.currentToken() == JsonToken.VALUE_NUMBER_INT ? parser.getLongValue() : -1;
    }

    Entry file(FilePath path) throws MalformedJsonException {
      if (sha256.isEmpty()) {
        if (size < 0 || !(Digest.ofEtag(id).orElse(null) instanceof Digest.GitSha1 git)) {
          throw new MalformedJsonException("a file has no git blob id or no size");
        }
        return new Entry(Entry.Kind.FILE, path, git.hex(), size, Optional.empty());
      }
      if (lfsSize < 0 || !(Digest.ofEtag(sha256).orElse(null) instanceof Digest.Sha256 digest)) {
        throw new MalformedJsonException("an LFS file has no sha256 or no size");
      }
      Entry.Lfs lfs = new Entry.Lfs(digest, lfsSize, 0);
      return new Entry(Entry.Kind.FILE, path, id, lfsSize, Optional.of(lfs));
    }
  }
}
