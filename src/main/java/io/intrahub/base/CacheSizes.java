package io.intrahub.base;

/**
 * The size of each cache in bytes of heap. Clients choose what is cached, so every cache is weighed
 * in bytes and its size follows from the heap: whatever clients ask for, these caches together stay
 * below 19.2 % of it. The few caches with a fixed size or number of entries take 29 MiB at most, so
 * that all caches together stay below a quarter of a heap of 512 MiB or more. {@code CacheMemoryIT}
 * compares the weights with the memory that filled caches use.
 *
 * @param entries entries of commits by path, in {@code mirror}
 * @param answers small repo infos, in {@code mirror}
 * @param lists answers of searches and other lists, in {@code mirror}
 * @param refusals repos that upstream refused recently, in {@code mirror}
 * @param pendingCommits revisions that were requested recently, in {@code mirror}
 * @param coldQuestions recent questions of each client to the Hub, in {@code mirror}
 * @param renewals grants that were renewed recently or could not be, in {@code mirror}
 * @param grants who may read which repo, in {@code store}
 * @param aliases alternative names of repos, in {@code store}
 * @param revisions the commits of revisions, in {@code store}
 * @param records small files of the store, in {@code store.fs}
 * @param manifests block indexes of manifests, in {@code store.fs}; those that are being read take
 *     as much again
 * @param seeds which files of seeds are undamaged or could not be read, in {@code store.fs}
 */
public record CacheSizes(
    long entries,
    long answers,
    long lists,
    long refusals,
    long pendingCommits,
    long coldQuestions,
    long renewals,
    long grants,
    long aliases,
    long revisions,
    long records,
    long manifests,
    long seeds) {
  private static final int THOUSAND = 1000;

  /**
   * Computes the sizes for a heap. Their sum is 192 thousandths of it.
   *
   * @param heapBytes the maximum size of the heap
   */
  public static CacheSizes ofHeap(long heapBytes) {
    return new CacheSizes(
        thousandths(heapBytes, 35),
        thousandths(heapBytes, 24),
        thousandths(heapBytes, 11),
        thousandths(heapBytes, 8),
        thousandths(heapBytes, 8),
        thousandths(heapBytes, 12),
        thousandths(heapBytes, 8),
        thousandths(heapBytes, 6),
        thousandths(heapBytes, 6),
        thousandths(heapBytes, 12),
        thousandths(heapBytes, 20),
        thousandths(heapBytes, 38),
        thousandths(heapBytes, 4));
  }

  private static long thousandths(long of, int thousandths) {
    return of / THOUSAND * thousandths;
  }

  /** Returns the sum of all sizes. */
  public long total() {
    return entries
        + answers
        + lists
        + refusals
        + pendingCommits
        + coldQuestions
        + renewals
        + grants
        + aliases
        + revisions
        + records
        + manifests
        + seeds;
  }
}
