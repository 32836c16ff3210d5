package io.intrahub.access;

/**
 * Proof that the current client may read this subject now. Only {@link AccessChecker} creates it,
 * and the store requires it to hand out content, so a new route can't skip the check.
 *
 * <p>A proof is valid for one request and is never stored.
 *
 * @param <T> what may be read
 */
public final class Authorised<T> {
  private final T subject;
  private final ReadScope scope;
  private final boolean everybody;
  private final boolean withSeeds;

  /** Package-private on purpose: see the class comment. */
  Authorised(T subject, ReadScope scope, boolean everybody, boolean withSeeds) {
    this.subject = subject;
    this.scope = scope;
    this.everybody = everybody;
    this.withSeeds = withSeeds;
  }

  /** What may be read. */
  public T subject() {
    return subject;
  }

  /** How much of it may be read. */
  public ReadScope scope() {
    return scope;
  }

  /** Whether everybody may read it, and not just this client. */
  public boolean isForEverybody() {
    return everybody;
  }

  /**
   * Whether the client may also read what only a seed says of the subject, and the Hub never did.
   */
  public boolean coversSeeds() {
    return withSeeds;
  }

  @Override
  public String toString() {
    return "Authorised[" + subject + ", " + scope + "]";
  }
}
