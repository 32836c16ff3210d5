package io.intrahub.cachefolder;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** A writer whose N-th call fails, or is the last one of the process. It forces nothing. */
final class FaultyWriter implements FolderWriter {
  /** Unwinds the stack of a killed process; product code must not catch it. */
  static final class Killed extends Error {
    private static final long serialVersionUID = 1L;
  }

  private final FolderWriter real = new JdkFolderWriter();
  private final int at;
  private final boolean kills;
  private final boolean links;
  private int calls;

  private FaultyWriter(int at, boolean kills, boolean links) {
    this.at = at;
    this.kills = kills;
    this.links = links;
  }

  static FaultyWriter killedAt(int call) {
    return new FaultyWriter(call, true, true);
  }

  static FaultyWriter failingAt(int call) {
    return new FaultyWriter(call, false, true);
  }

  /** As on FAT. */
  static FaultyWriter withoutLinks() {
    return new FaultyWriter(Integer.MAX_VALUE, false, false);
  }

  FaultyWriter alsoWithoutLinks() {
    return new FaultyWriter(at, kills, false);
  }

  int calls() {
    return calls;
  }

  /** Whether this call is the one, and does half of its work at most. */
  private void step() throws IOException {
    calls++;
    if (calls >= at && kills) {
      throw new Killed();
    }
    if (calls == at) {
      throw new IOException("No space left on device");
    }
  }

  @Override
  public void createFolder(Path folder) throws IOException {
    step();
    Files.createDirectories(folder);
  }

  @Override
  public void copy(Path source, Path target) throws IOException {
    if (calls + 1 == at) {
      byte[] all = Files.readAllBytes(source);
      real.delete(target);
      real.write(target, Arrays.copyOf(all, all.length / 2));
    }
    step();
    real.copy(source, target);
  }

  @Override
  public void write(Path file, Content content) throws IOException {
    if (calls + 1 == at) {
      ByteArrayOutputStream all = new ByteArrayOutputStream();
      content.writeTo(all);
      real.write(file, Arrays.copyOf(all.toByteArray(), all.size() / 2));
    }
    step();
    real.write(file, content);
  }

  @Override
  public void hardLink(Path existing, Path name) throws IOException {
    step();
    real.hardLink(existing, name);
  }

  @Override
  public void symbolicLink(Path name, Path target) throws IOException {
    step();
    if (!links) {
      throw new UnsupportedOperationException("no links");
    }
    real.symbolicLink(name, target);
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    step();
    real.rename(from, to);
  }

  @Override
  public void delete(Path path) throws IOException {
    step();
    real.delete(path);
  }

  @Override
  public void force(Path fileOrFolder) throws IOException {
    step();
  }
}
