package io.intrahub.cli.upkeep;

import io.intrahub.cli.command.Amounts;
import io.intrahub.cli.command.ReportOutput;
import io.intrahub.store.fs.BlobReferences.Reference;
import io.intrahub.store.fs.BlobScrubber.Fault;
import io.intrahub.store.fs.disk.BlobKey;
import io.intrahub.transfer.limits.BandwidthLimiter;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Paces a check of blobs and tells what it finds. For one thread. */
final class VerifyReport {
  /** The time between two lines about progress. */
  private static final long STEP_NANOS = 1_000_000_000L;

  /** What came of the attempt to fetch a damaged file again. */
  sealed interface Refetched {
    /** The store has it again. */
    record Stored() implements Refetched {}

    /**
     * The store does not have it.
     *
     * @param why for the operator; may have a full stop at its end
     */
    record Failed(String why) implements Refetched {}
  }

  private final ReportOutput output;
  private final BandwidthLimiter pace;

  /** Of all blobs; 0 if it is not known. */
  private final long total;

  private final ObjectNode result = JsonMapper.shared().createObjectNode();
  private final ArrayNode damaged;
  private long files;
  private long bytes;
  private long wrongFiles;
  private long toldAt = System.nanoTime();

  VerifyReport(ReportOutput output, BandwidthLimiter pace, long total) {
    this.output = output;
    this.pace = pace;
    this.total = total;
    this.damaged = result.putArray("damaged");
  }

  /**
   * Some bytes were read. Waits if that was too fast.
   *
   * @throws IOException if the thread was interrupted
   */
  void read(int count) throws IOException {
    bytes += count;
    try {
      pace.throttle(count, false);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted");
    }
    long now = System.nanoTime();
    if (now - toldAt >= STEP_NANOS) {
      toldAt = now;
      output.progress(
          "%s%s checked, %s damaged"
              .formatted(
                  Amounts.size(bytes),
                  total == 0 ? "" : " of " + Amounts.size(Math.max(bytes, total)),
                  Amounts.count(wrongFiles, "file")));
    }
  }

  /** A blob was read whole and is right. */
  void right() {
    files++;
  }

  /** A blob is not right. */
  void wrong() {
    files++;
    wrongFiles++;
  }

  /**
   * Names a blob that is not right.
   *
   * @param names files with this blob
   * @param refetched empty if nothing was tried; else whether the store has it again
   */
  void told(BlobKey blob, Fault fault, List<Reference> names, Optional<Refetched> refetched) {
    ObjectNode node =
        damaged
            .addObject()
            .put("digest", blob.digest().hex())
            .put("fault", fault.name().toLowerCase(Locale.ROOT))
            .put("refetched", refetched.orElse(null) instanceof Refetched.Stored);
    if (refetched.orElse(null) instanceof Refetched.Failed(String why)) {
      node.put("reason", why);
    }
    ArrayNode list = node.putArray("files");
    names.forEach(file ->
        list.addObject()
            .put("type", file.repo().type().singular())
            .put("repo", file.repo().id())
            .put("commit", file.commit().hex())
            .put("path", file.path().value()));
    output.error(
        "%s: %s; %s"
            .formatted(
                names.isEmpty()
                    ? blob.digest().hex() + ", which no commit names"
                    : names.stream()
                        .map(file -> RepoNames.of(file.repo()) + ": " + RepoNames.of(file.path()))
                        .collect(Collectors.joining(", ")),
                what(fault),
                after(refetched, names)));
  }

  private static String what(Fault fault) {
    return switch (fault) {
      case DAMAGED -> "the stored content is damaged and was moved to quarantine";
      case NOT_MOVED ->
          "the stored content is damaged and could not be moved to quarantine; see the log";
      case UNREADABLE -> "the stored content can't be read";
    };
  }

  private static String after(Optional<Refetched> refetched, List<Reference> names) {
    if (refetched.isEmpty()) {
      return names.isEmpty() ? "nobody misses it" : "the next request for it fetches it again";
    }
    return switch (refetched.get()) {
      case Refetched.Stored _ -> "it was fetched again";
      case Refetched.Failed(String why) ->
          "it could not be fetched again (%s), so the next request for it tries that"
              .formatted(why.endsWith(".") ? why.substring(0, why.length() - 1) : why);
    };
  }

  void end() {
    result.put("files", files).put("bytes", bytes).put("damagedFiles", wrongFiles);
    String checked =
        "Checked %s, %s: ".formatted(Amounts.count(files, "file"), Amounts.size(bytes));
    output.end(
        result,
        wrongFiles == 0,
        checked + (wrongFiles == 0 ? "all are right." : wrongFiles + " damaged."));
  }
}
