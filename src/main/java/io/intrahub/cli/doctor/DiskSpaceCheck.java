package io.intrahub.cli.doctor;

import io.intrahub.cli.command.Amounts;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Whether the disk has space for the store, as its limits say. */
public final class DiskSpaceCheck implements Check {
  private static final long LITTLE = 10L << 30;

  private final Path data;
  private final DiskBudgetSettings limits;

  public DiskSpaceCheck(Path data, DiskBudgetSettings limits) {
    this.data = data;
    this.limits = limits;
  }

  @Override
  public String name() {
    return "disk space";
  }

  @Override
  public List<String> needs() {
    return List.of(DataFolderCheck.NAME);
  }

  @Override
  public String adviceWhenLate() {
    return "The file system of " + data + " hangs.";
  }

  @Override
  public Finding run() {
    long total;
    long free;
    try {
      FileStore disk = Files.getFileStore(TrialFolder.existing(data));
      total = disk.getTotalSpace();
      free = disk.getUsableSpace();
    } catch (IOException e) {
      return Finding.warning("the file system does not say how much is free: " + e);
    }
    return judge(total, free, limits);
  }

  /** Compares a disk with limits, all in bytes. */
  static Finding judge(long total, long free, DiskBudgetSettings limits) {
    if (total == 0) {
      return Finding.warning(
          "the file system does not say how much is free", "Set store.max-size.");
    }
    String summary = Amounts.size(free) + " free of " + Amounts.size(total);
    if (free < limits.minFree()) {
      return Finding.failed(
          summary + ", less than store.min-free (" + Amounts.size(limits.minFree()) + ")",
          "Nothing more is stored: free space on the disk, or lower store.min-free.");
    }
    if (limits.maxSize() > 0 && limits.maxSize() > total - limits.minFree()) {
      return Finding.warning(
          "%s, but store.max-size is %s".formatted(summary, Amounts.size(limits.maxSize())),
          "The store fills the disk before it reaches its limit: lower store.max-size.");
    }
    if (free < LITTLE) {
      return Finding.warning(
          summary, "Models often have 10 GiB and more: put the store on a larger disk.");
    }
    return Finding.ok(
        summary
            + (limits.maxSize() > 0
                ? ", store.max-size is " + Amounts.size(limits.maxSize())
                : ", the store fills it up to store.min-free"));
  }
}
