package io.intrahub.devhub;

import java.nio.charset.StandardCharsets;

/**
 * One file of a simulated repo: its bytes, and whether git keeps them itself (a <em>regular</em>
 * file) or only an LFS pointer. Immutable and safe for all threads; one file may be put into many
 * repos.
 */
public final class DevFile {
  private static final int READABLE = 64 << 20;

  private final DevContent content;
  private final boolean lfs;
  private final String sha256;
  private final String gitOid;

  private DevFile(DevContent content, boolean lfs) {
    this(content, lfs, Hashes.sha256(content));
  }

  private DevFile(DevContent content, boolean lfs, String sha256) {
    this.content = content;
    this.lfs = lfs;
    this.sha256 = sha256;
    this.gitOid = Hashes.gitOid("blob", lfs ? pointerBytes() : allBytes());
  }

  /** A regular file with this text in UTF-8. */
  public static DevFile text(String text) {
    return new DevFile(DevContent.of(text), false);
  }

  /** A regular file; the bytes are copied. */
  public static DevFile bytes(byte[] bytes) {
    return new DevFile(DevContent.of(bytes), false);
  }

  /** A file stored by LFS; the bytes are copied. */
  public static DevFile lfs(byte[] bytes) {
    return new DevFile(DevContent.of(bytes), true);
  }

  /**
   * A file stored by LFS whose bytes are computed from the seed and their offset: no disk and no
   * memory, but one pass of SHA-256 right here (about a second for 300 MB).
   *
   * @param size in bytes
   */
  public static DevFile lfsGenerated(long seed, long size) {
    return new DevFile(new DevContent.Generated(seed, size), true);
  }

  /**
   * The same without that pass, for files of many gigabytes. The digest is believed and announced:
   * if it is not that of these bytes, the Hub lies about the file.
   *
   * @param sha256 64 hex
   */
  public static DevFile lfsGenerated(long seed, long size, String sha256) {
    return new DevFile(new DevContent.Generated(seed, size), true, sha256);
  }

  /** Length in bytes. */
  public long size() {
    return content.size();
  }

  /** Whether git only has a pointer to this file. */
  public boolean isLfs() {
    return lfs;
  }

  /** SHA-256 of the bytes, 64 hex. */
  public String sha256() {
    return sha256;
  }

  /** The git blob id, 40 hex: of the bytes for a regular file, of the pointer text for LFS. */
  public String gitOid() {
    return gitOid;
  }

  /** What the Hub calls the file's ETag, without quotes: SHA-256 for LFS, else the git blob id. */
  public String etag() {
    return lfs ? sha256 : gitOid;
  }

  /** Returns a simulated Xet hash, 64 hex; no Xet bytes belong to it. */
  public String xetHash() {
    return Hashes.sha256("xet " + sha256);
  }

  /** The text that git keeps in place of an LFS file (git-lfs specification, version 1). */
  public String pointer() {
    return "version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n"
        .formatted(sha256, size());
  }

  /**
   * All bytes, for comparison in tests.
   *
   * @throws IllegalStateException for a file over 64 MiB: use {@link #read}
   */
  public byte[] allBytes() {
    if (size() > READABLE) {
      throw new IllegalStateException("too large for memory: " + size() + " bytes");
    }
    byte[] all = new byte[(int) size()];
    content.read(0, all, 0, all.length);
    return all;
  }

  /**
   * Copies up to {@code length} bytes from {@code offset} on.
   *
   * @return how many were copied: fewer than {@code length} only at the end of the file
   */
  public int read(long offset, byte[] into, int at, int length) {
    return content.read(offset, into, at, length);
  }

  DevContent content() {
    return content;
  }

  byte[] pointerBytes() {
    return pointer().getBytes(StandardCharsets.UTF_8);
  }
}
