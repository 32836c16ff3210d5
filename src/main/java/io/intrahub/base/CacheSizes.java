package io.intrahub.base;

/**
 * How many bytes of heap each cache may take. Clients choose what is cached, so every cache is
 * weighed in bytes and its size follows from the heap: whatever they ask for, all caches together
 * stay below a quarter of it. Weights are estimates on the high side; {@code CacheMemoryIT}
 * compares them with what filled caches really take.
 *
 * @param entries what paths of commits are, in {@code mirror}
 * @param answers small repo infos, in {@code mirror}
 * @param refusals repos that upstream lately refused, in {@code mirror}
 * @param pendingCommits revisions that were asked for lately, in {@code mirror}
 * @param coldQuestions what each client asked the Hub lately, in {@code mirror}
 * @param renewals verdicts that were renewed lately or could not be, in {@code mirror}
 * @param verdicts which repos everybody may read, in {@code store}
 * @param aliases other names of repos, in {@code store}
 * @param revisions the commits of revisions, in {@code store}
 * @param records small files of the store, in {@code store.fs}
 * @param manifests block indexes of manifests, in {@code store.fs}
 */
public record CacheSizes(
    long entries,
    long answers,
    long refusals,
    long pendingCommits,
    long coldQuestions,
    long renewals,
    long verdicts,
    long aliases,
    long revisions,
    long records,
    long manifests) {
  private static final int THOUSAND = 1000;

  /**
   * The sizes for a heap. Their sum is 187 thousandths of it; what is left to a quarter is for
   * signed addresses, which take 8 MiB whatever the heap, and for the few caches of a fixed number
   * of small things.
   *
   * @param heapBytes the most that the heap may grow to
   */
  public static CacheSizes ofHeap(long heapBytes) {
    return new CacheSizes(
        thousandths(heapBytes, 35),
        thousandths(heapBytes, 30),
        thousandths(heapBytes, 8),
        thousandths(heapBytes, 8),
        thousandths(heapBytes, 12),
        thousandths(heapBytes, 8),
        thousandths(heapBytes, 6),
        thousandths(heapBytes, 6),
        thousandths(heapBytes, 12),
        thousandths(heapBytes, 22),
        thousandths(heapBytes, 40));
  }

  private static long thousandths(long of, int thousandths) {
    return of / THOUSAND * thousandths;
  }

  /** What all of them may take. */
  public long total() {
    return entries
        + answers
        + refusals
        + pendingCommits
        + coldQuestions
        + renewals
        + verdicts
        + aliases
        + revisions
        + records
        + manifests;
  }
}
