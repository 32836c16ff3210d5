package io.intrahub.hub.json;

import io.intrahub.hub.CommitHash;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import java.io.IOException;
import java.io.OutputStream;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.exc.JacksonIOException;

/**
 * Writes repo info of which only the commit and its files are known. It has the members without
 * which clients of the Hub fail, and no others. For one thread.
 */
public final class ListedRepoInfoJson {
  private final JsonGenerator out;

  private ListedRepoInfoJson(JsonGenerator out) {
    this.out = out;
  }

  /** Names the files. */
  public interface Files {
    /**
     * Passes each file to {@link ListedRepoInfoJson#file}.
     *
     * @throws IOException if they can't be read
     */
    void writeTo(ListedRepoInfoJson info) throws IOException;
  }

  /**
   * Writes it.
   *
   * @param isPrivate whether the reader needs a right of its own
   * @throws IOException if the stream fails, or the files can't be read
   */
  public static void write(
      OutputStream to, RepoId repo, CommitHash commit, boolean isPrivate, Files files)
      throws IOException {
    try (JsonGenerator out = HubJson.STREAMS.createGenerator(ObjectWriteContext.empty(), to)) {
      out.writeStartObject();
      out.writeStringProperty("id", repo.id());
      if (repo.type() == RepoType.MODEL) {
        out.writeStringProperty("modelId", repo.id());
      }
      out.writeStringProperty("sha", commit.hex());
      out.writeBooleanProperty("private", isPrivate);
      // Before huggingface_hub 0.24 these three must be there.
      out.writeNumberProperty("downloads", 0);
      out.writeNumberProperty("likes", 0);
      out.writeArrayPropertyStart("tags");
      out.writeEndArray();
      out.writeArrayPropertyStart("siblings");
      files.writeTo(new ListedRepoInfoJson(out));
      out.writeEndArray();
      out.writeEndObject();
    } catch (JacksonIOException e) {
      throw e.getCause();
    }
  }

  /** Adds a file. */
  public void file(FilePath path) {
    out.writeStartObject();
    out.writeStringProperty("rfilename", path.value());
    out.writeEndObject();
  }
}
