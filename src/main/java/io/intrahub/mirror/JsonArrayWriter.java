package io.intrahub.mirror;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** Writes an array of JSON objects that are there as text, one at a time. For one thread. */
final class JsonArrayWriter {
  private final OutputStream out;
  private boolean begun;

  JsonArrayWriter(OutputStream out) {
    this.out = out;
  }

  void add(String object) throws IOException {
    out.write(begun ? ',' : '[');
    begun = true;
    out.write(object.getBytes(StandardCharsets.UTF_8));
  }

  /** {@link #add} for lambdas that throw nothing checked. */
  void addUnchecked(String object) {
    try {
      add(object);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void end() throws IOException {
    out.write((begun ? "]" : "[]").getBytes(StandardCharsets.US_ASCII));
  }
}
