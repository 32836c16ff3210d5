package io.intrahub.cli.upkeep;

import io.intrahub.cli.command.ReportOutput;
import io.intrahub.cli.upkeep.VerifyReport.Refetched;
import io.intrahub.hub.RepoId;
import io.intrahub.store.fs.BlobReferences.Reference;
import io.intrahub.store.fs.BlobScrubber;
import io.intrahub.store.fs.BlobScrubber.Fault;
import io.intrahub.store.fs.disk.BlobKey;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * Checks blobs, and names each that is not right as soon as it is found, after an attempt to fetch
 * it again if it went to quarantine. For one thread.
 *
 * <p>To learn which files have a blob takes as long as reading all manifests. If many blobs are
 * damaged, that is done for some together, so that it takes a tenth of the time at most.
 */
final class VerifyRun implements BlobScrubber.Listener {
  /** How many blobs are named. */
  static final int MAX_NAMED = 10_000;

  /** How many repos are named for a damaged blob. */
  private static final int MAX_REPOS = 20;

  /** For so many times the duration of a search no other one begins. */
  private static final int PAUSE = 9;

  private final UpkeepStore upkeep;
  private final ReportOutput output;
  private final VerifyReport report;
  private final LongSupplier nanoTime;

  /** What is not right and not named yet, in the order in which it was found. */
  private final Map<BlobKey, Fault> unnamed = new LinkedHashMap<>();

  private int found;
  private long searchedAt;
  private long pause;

  /**
   * A check that has not begun.
   *
   * @param nanoTime a timer such as {@link System#nanoTime}
   */
  VerifyRun(UpkeepStore upkeep, ReportOutput output, VerifyReport report, LongSupplier nanoTime) {
    this.upkeep = upkeep;
    this.output = output;
    this.report = report;
    this.nanoTime = nanoTime;
  }

  /**
   * Checks the blobs of these repos, or all if there are none, and ends the report.
   *
   * @throws IOException as {@link BlobScrubber#all}
   */
  void check(List<RepoId> repos) throws IOException {
    BlobScrubber scrubber = upkeep.store().scrubber();
    if (repos.isEmpty()) {
      scrubber.all(this);
    } else {
      scrubber.of(repos, this);
    }
    nameAll();
    report.end();
  }

  @Override
  public void read(int bytes) throws IOException {
    report.read(bytes);
  }

  @Override
  public void right(long size) throws IOException {
    report.right();
    nameIfDue();
  }

  @Override
  public void wrong(BlobKey blob, long size, Fault fault) throws IOException {
    report.wrong();
    if (found < MAX_NAMED) {
      found++;
      unnamed.put(blob, fault);
    }
    nameIfDue();
  }

  private void nameIfDue() throws IOException {
    if (!unnamed.isEmpty() && nanoTime.getAsLong() - searchedAt >= pause) {
      nameAll();
    }
  }

  private void nameAll() throws IOException {
    long begin = nanoTime.getAsLong();
    Map<BlobKey, List<Reference>> files =
        upkeep.store().references().find(unnamed.keySet(), MAX_REPOS);
    searchedAt = nanoTime.getAsLong();
    pause = PAUSE * (searchedAt - begin);
    for (Map.Entry<BlobKey, Fault> blob : unnamed.entrySet()) {
      List<Reference> names = files.getOrDefault(blob.getKey(), List.of());
      // Any other stays under its name, which would be taken for that of a new copy.
      Optional<Refetched> refetched =
          blob.getValue() == Fault.DAMAGED ? refetch(names) : Optional.empty();
      report.told(blob.getKey(), blob.getValue(), names, refetched);
    }
    unnamed.clear();
  }

  /** The first repo that may be read will do. Empty if no file has the blob. */
  private Optional<Refetched> refetch(List<Reference> files) throws IOException {
    Optional<Refetched> outcome = Optional.empty();
    for (Reference file : files) {
      output.progress("Fetching " + RepoNames.of(file.path()) + " again");
      Optional<String> why = upkeep.refetch().fetch(file.repo(), file.commit(), file.path());
      if (upkeep.store().readOnly().find(file.repo(), file.blob()).isPresent()) {
        return Optional.of(new Refetched.Stored());
      }
      if (outcome.isEmpty()) {
        outcome =
            Optional.of(
                new Refetched.Failed(why.orElse("the store could not keep it; see the log")));
      }
    }
    return outcome;
  }
}
