package io.intrahub.base;

import java.util.HashMap;
import java.util.Map;

/**
 * The bytes of a total that are in use, by owner. The maps have entries only for owners that hold
 * some. Not safe for use by several threads: the lock of its user guards it.
 */
final class OwnedBytes {
  private static final int PERCENT = 100;

  private final long total;
  private final Map<String, Long> clients = new HashMap<>();
  private final Map<String, Long> tokens = new HashMap<>();
  private long used;

  OwnedBytes(long total) {
    this.total = total;
  }

  /** Returns the bytes in use, of all owners and of nobody. */
  long used() {
    return used;
  }

  /** Returns the most that one client holds. */
  long largest() {
    return clients.values().stream().mapToLong(bytes -> bytes).max().orElse(0);
  }

  /** Returns whether no more than this part of the total would be in use with more bytes. */
  boolean isBelow(int percent, long more) {
    return used + more <= total * percent / PERCENT;
  }

  /**
   * Returns whether an owner would hold no more than this part of what the others leave (dynamic
   * thresholds, Choudhury and Hahne 1998): alone it gets that part of the total, and the more
   * others hold, the less. Something stays free for the next client in any case.
   *
   * @param percent less than 100
   */
  boolean isWithinShare(BufferOwner owner, int percent, long more) {
    return isWithinShare(clients.getOrDefault(owner.client(), 0L), percent, more)
        && owner
            .token()
            .map(token -> isWithinShare(tokens.getOrDefault(token, 0L), percent, more))
            .orElse(true);
  }

  private boolean isWithinShare(long held, int percent, long more) {
    return (held + more) * PERCENT <= (total - used + held) * percent;
  }

  /**
   * Returns whether a client would hold no more than every client that holds some could still get,
   * if they divided what is free equally. Tokens do not count as clients: with many of them, one
   * client would make the shares of all others small.
   */
  boolean isWithinEqualShare(BufferOwner owner, long more) {
    long held = clients.getOrDefault(owner.client(), 0L);
    long sharers = held == 0 ? clients.size() + 1L : clients.size();
    return (held + more) * sharers <= total - used - more;
  }

  /** Adds bytes that count against nobody. */
  void add(long bytes) {
    used += bytes;
  }

  void remove(long bytes) {
    used -= bytes;
  }

  void add(BufferOwner owner, long bytes) {
    add(bytes);
    clients.merge(owner.client(), bytes, Long::sum);
    owner.token().ifPresent(token -> tokens.merge(token, bytes, Long::sum));
  }

  void remove(BufferOwner owner, long bytes) {
    remove(bytes);
    remove(clients, owner.client(), bytes);
    owner.token().ifPresent(token -> remove(tokens, token, bytes));
  }

  private static void remove(Map<String, Long> from, String name, long bytes) {
    from.computeIfPresent(name, (k, held) -> held == bytes ? null : held - bytes);
  }
}
