package io.intrahub.hub.json;

import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoFacts;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.exc.StreamReadException;

/** Reads the members of repo info that the mirror acts on. */
public final class RepoInfoJson {
  /** The Hub's have 24 hexadecimal digits; other mirrors may make their own. */
  private static final String INTERNAL_ID = "[A-Za-z0-9_.-]{1,64}";

  private RepoInfoJson() {}

  /**
   * The facts of one repo info object.
   *
   * @throws MalformedJsonException if it is not an object with an id
   */
  public static RepoFacts read(byte[] json) throws MalformedJsonException {
    Found found = new Found();
    try (JsonParser in = HubJson.FACTORY.createParser(ObjectReadContext.empty(), json)) {
      found.read(in);
      if (in.currentToken() != JsonToken.END_OBJECT) {
        throw new MalformedJsonException("the repo info is cut short");
      }
    } catch (JacksonException e) {
      throw new MalformedJsonException("the repo info is not valid JSON", e);
    }
    return found.facts();
  }

  /**
   * Reads the facts from the beginning of a repo info object. Members behind the cut count as
   * missing, so they never make a repo public.
   *
   * @throws MalformedJsonException if this is not the beginning of an object, or its id is missing
   */
  public static RepoFacts readBeginning(byte[] json) throws MalformedJsonException {
    Found found = new Found();
    try (JsonParser in = HubJson.FACTORY.createParser(ObjectReadContext.empty(), json)) {
      found.read(in);
    } catch (StreamReadException e) {
      // The cut looks like an error. Whether there is another one shows when the whole is copied.
    } catch (JacksonException e) {
      throw new MalformedJsonException("the repo info is not valid JSON", e);
    }
    return found.facts();
  }

  /** The facts found so far. For one thread. */
  private static final class Found {
    private String id = "";
    private String internalId = "";
    private Optional<CommitHash> commit = Optional.empty();
    private RepoFacts.Told isPrivate = RepoFacts.Told.NOTHING;
    private RepoFacts.Told isGated = RepoFacts.Told.NOTHING;

    void read(JsonParser in) throws MalformedJsonException {
      if (in.nextToken() != JsonToken.START_OBJECT) {
        throw new MalformedJsonException("the repo info is not an object");
      }
      while (in.nextToken() == JsonToken.PROPERTY_NAME) {
        String name = in.currentName();
        JsonToken value = in.nextToken();
        switch (name) {
          case "id" -> id = value == JsonToken.VALUE_STRING ? in.getString() : "";
          case "_id" -> internalId = value == JsonToken.VALUE_STRING ? in.getString() : "";
          case "sha" ->
              commit =
                  value == JsonToken.VALUE_STRING
                      ? CommitHash.parse(in.getString())
                      : Optional.empty();
          case "private" -> isPrivate = told(value);
          case "gated" -> isGated = told(value);
          default -> {}
        }
        // Also behind a known name: a field inside must not pass for one of the repo's own.
        in.skipChildren();
      }
    }

    /** Whatever is not false is a yes: {@code gated} is false or the name of a kind of gate. */
    private static RepoFacts.Told told(JsonToken value) {
      return value == JsonToken.VALUE_FALSE ? RepoFacts.Told.NO : RepoFacts.Told.YES;
    }

    RepoFacts facts() throws MalformedJsonException {
      if (id.isEmpty()) {
        throw new MalformedJsonException("the repo info has no id");
      }
      return new RepoFacts(
          id,
          Optional.of(internalId).filter(i -> i.matches(INTERNAL_ID)),
          commit,
          isPrivate,
          isGated);
    }
  }
}
