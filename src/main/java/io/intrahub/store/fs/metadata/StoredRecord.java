package io.intrahub.store.fs.metadata;

import io.intrahub.base.PercentCoding;
import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.metadata.ManifestFormat.DamagedException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.zip.CRC32C;

/**
 * One small thing that was learned, in a form that tells by itself what it is about and whether it
 * is whole:
 *
 * <pre>
 * intrahub-record 1 3f1a0c55 118
 * kind=revision
 * repo=models%2Facme%2Ftiny
 * learned-at=2026-11-24T10:00:00Z
 *
 * the value, any bytes
 * </pre>
 *
 * <p>The first line has a CRC-32C and the length of all that follows it.
 */
public final class StoredRecord {
  private static final String TITLE = "intrahub-record 1 ";
  private static final String LEARNED_AT = "learned-at";
  private static final int MAX_TITLE = 64;
  private static final byte[] NOTHING = {};

  private final Map<String, String> subject;
  private final Instant learnedAt;
  private final byte[] value;
  private final Optional<LargeValue> large;

  /**
   * A record.
   *
   * @param subject what it is about; a file that tells another subject is somebody else's
   * @param value never changed after this call
   */
  StoredRecord(Map<String, String> subject, Instant learnedAt, byte[] value) {
    this(subject, learnedAt, value, Optional.empty());
  }

  private StoredRecord(
      Map<String, String> subject, Instant learnedAt, byte[] value, Optional<LargeValue> large) {
    this.subject = Collections.unmodifiableMap(new TreeMap<>(subject));
    this.learnedAt = learnedAt;
    this.value = value;
    this.large = large;
  }

  /** This record with a value that stays in its file. */
  StoredRecord with(LargeValue value) {
    return new StoredRecord(subject, learnedAt, NOTHING, Optional.of(value));
  }

  public Map<String, String> subject() {
    return subject;
  }

  Instant learnedAt() {
    return learnedAt;
  }

  /** Empty when the value is large. */
  byte[] value() {
    return value;
  }

  /** The value, if it is too large for memory and stays in its file. */
  Optional<LargeValue> large() {
    return large;
  }

  public String text() {
    return new String(value, StandardCharsets.UTF_8);
  }

  /** The lines that tell what the record is about, with the empty one behind them. */
  byte[] head() {
    StringBuilder head = new StringBuilder(256);
    subject.forEach((name, text) ->
        head.append(name).append('=').append(PercentCoding.encode(text)).append('\n'));
    head.append(LEARNED_AT).append('=').append(learnedAt).append("\n\n");
    return head.toString().getBytes(StandardCharsets.US_ASCII);
  }

  /** The whole file of a record whose value is in memory. */
  byte[] encode() {
    byte[] head = head();
    ByteArrayOutputStream body = new ByteArrayOutputStream(head.length + value.length);
    body.writeBytes(head);
    body.writeBytes(value);
    CRC32C crc = new CRC32C();
    crc.update(body.toByteArray());
    String title = TITLE + "%08x %d\n".formatted(crc.getValue(), body.size());
    ByteArrayOutputStream all = new ByteArrayOutputStream(title.length() + body.size());
    all.writeBytes(title.getBytes(StandardCharsets.US_ASCII));
    all.writeBytes(body.toByteArray());
    return all.toByteArray();
  }

  /** The record in these bytes; empty when they are torn, damaged or something else. */
  static Optional<StoredRecord> decode(byte[] file) {
    int start = indexOf(file, '\n', 0, MAX_TITLE) + 1;
    if (start == 0) {
      return Optional.empty();
    }
    CRC32C crc = new CRC32C();
    crc.update(file, start, file.length - start);
    String title = TITLE + "%08x %d\n".formatted(crc.getValue(), file.length - start);
    if (!title.equals(new String(file, 0, start, StandardCharsets.US_ASCII))) {
      return Optional.empty();
    }
    return parse(file, start);
  }

  /**
   * The record of which the value stays in its file; empty when its head is not understood.
   *
   * @throws DamagedException when the file is not whole
   */
  static Optional<StoredRecord> readLarge(Disk.File file) throws IOException {
    LargeValue value = LargeValue.read(file);
    return parse(value.head(file), 0).map(record -> record.with(value));
  }

  private static Optional<StoredRecord> parse(byte[] file, int start) {
    Map<String, String> fields = new LinkedHashMap<>();
    int at = start;
    while (true) {
      int end = indexOf(file, '\n', at, file.length);
      if (end < 0) {
        return Optional.empty();
      }
      if (end == at) {
        return of(fields, Arrays.copyOfRange(file, end + 1, file.length));
      }
      String line = new String(file, at, end - at, StandardCharsets.US_ASCII);
      int equals = line.indexOf('=');
      Optional<String> text = PercentCoding.decode(line.substring(equals + 1));
      if (equals < 0 || text.isEmpty()) {
        return Optional.empty();
      }
      fields.put(line.substring(0, equals), text.get());
      at = end + 1;
    }
  }

  private static Optional<StoredRecord> of(Map<String, String> fields, byte[] value) {
    String learnedAt = fields.remove(LEARNED_AT);
    if (learnedAt == null) {
      return Optional.empty();
    }
    try {
      return Optional.of(new StoredRecord(fields, Instant.parse(learnedAt), value));
    } catch (DateTimeParseException e) {
      // A whole record of a version that writes times in another way: not known here.
      return Optional.empty();
    }
  }

  private static int indexOf(byte[] bytes, char wanted, int from, int to) {
    for (int i = from; i < Math.min(to, bytes.length); i++) {
      if (bytes[i] == wanted) {
        return i;
      }
    }
    return -1;
  }
}
