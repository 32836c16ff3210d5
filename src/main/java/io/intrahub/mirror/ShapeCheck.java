package io.intrahub.mirror;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/**
 * Passes on a JSON text and notes whether it looks like what was asked for, so that another answer
 * with status 200 is not kept in its place. For one thread.
 */
final class ShapeCheck extends FilterOutputStream {
  private final char first;
  private final String part;

  /** The last bytes that could be the beginning of the part. */
  private String tail = "";

  private boolean isBegun;
  private boolean beginsRight;
  private boolean hasPart;

  /**
   * Nothing was passed on yet.
   *
   * @param first the first character of the text
   * @param part what occurs in it, in ASCII; empty for nothing
   */
  ShapeCheck(OutputStream out, char first, String part) {
    super(out);
    this.first = first;
    this.part = part;
    this.hasPart = part.isEmpty();
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    if (!isBegun && length > 0) {
      isBegun = true;
      beginsRight = bytes[offset] == first;
    }
    if (!hasPart) {
      String seen = tail + new String(bytes, offset, length, StandardCharsets.ISO_8859_1);
      hasPart = seen.contains(part);
      tail = seen.substring(Math.max(0, seen.length() - part.length() + 1));
    }
    out.write(bytes, offset, length);
  }

  /** Whether all that was passed on begins with the character and has the part in it. */
  boolean isRight() {
    return beginsRight && hasPart;
  }
}
