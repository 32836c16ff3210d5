package io.intrahub.hub.json;

import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * Copies JSON token by token: order, unknown fields and the spelling of numbers stay, fields of
 * {@link Rules} go. The output is compact, because DuckDB and hfd.sh look for {@code "type":"file"}
 * in the bytes.
 */
final class JsonCopier {
  private final JsonParser in;
  private final JsonGenerator out;
  private final Rules rules;

  /**
   * What changes on the way.
   *
   * @param dropped names of fields that are left out wherever they stand
   * @param text applied to each string value
   * @param members the only members of the outermost object that stay; empty: all
   */
  record Rules(Set<String> dropped, UnaryOperator<String> text, Optional<Set<String>> members) {
    /** A client that finds {@code xetHash} asks a CAS and not the mirror (hf-xet 1.8.0). */
    static final Rules WITHOUT_XET =
        new Rules(Set.of("xetHash"), UnaryOperator.identity(), Optional.empty());

    /** Nothing changes. */
    static final Rules ALL = new Rules(Set.of(), UnaryOperator.identity(), Optional.empty());

    Rules withText(UnaryOperator<String> newText) {
      return new Rules(dropped, newText, members);
    }

    Rules withMembers(Set<String> only) {
      return new Rules(dropped, text, Optional.of(only));
    }

    boolean drops(String name, boolean outermost) {
      return dropped.contains(name)
          || (outermost && members.filter(only -> !only.contains(name)).isPresent());
    }
  }

  /** Told of each scalar that was copied, with the parser still on it. */
  interface Observer {
    void scalar(String name, int depth);
  }

  JsonCopier(JsonParser in, JsonGenerator out, Rules rules) {
    this.in = in;
    this.out = out;
    this.rules = rules;
  }

  /**
   * Copies the value that the parser stands on.
   *
   * @param afterToken called when a token was copied
   */
  void value(Runnable afterToken) {
    nested(0, (name, depth) -> {}, afterToken);
  }

  /** Copies the object that the parser stands on, and tells of its scalars. */
  void object(Observer observer) {
    nested(0, observer, () -> {});
  }

  private void nested(int startDepth, Observer observer, Runnable afterToken) {
    int depth = startDepth;
    String name = "";
    while (true) {
      JsonToken token = in.currentToken();
      if (token == null) {
        return;
      }
      switch (token) {
        case START_OBJECT -> {
          out.writeStartObject();
          depth++;
        }
        case START_ARRAY -> {
          out.writeStartArray();
          depth++;
        }
        case END_OBJECT -> {
          out.writeEndObject();
          depth--;
        }
        case END_ARRAY -> {
          out.writeEndArray();
          depth--;
        }
        case PROPERTY_NAME -> {
          name = in.currentName();
          if (rules.drops(name, depth == startDepth + 1)) {
            in.nextToken();
            in.skipChildren();
          } else {
            out.writeName(name);
          }
        }
        default -> {
          scalar(token);
          observer.scalar(name, depth);
        }
      }
      afterToken.run();
      if (depth == startDepth) {
        return;
      }
      in.nextToken();
    }
  }

  private void scalar(JsonToken token) {
    if (token.isNumeric()) {
      // Copying the event would rewrite 1.10e2 as 110; the text is what upstream meant to send.
      out.writeNumber(in.getString());
    } else if (token == JsonToken.VALUE_STRING) {
      out.writeString(rules.text().apply(in.getString()));
    } else {
      out.copyCurrentEvent(in);
    }
  }
}
