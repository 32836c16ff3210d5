package io.intrahub.access;

/**
 * Proof that the present client may read this subject now. Only {@link AccessChecker} makes it, and
 * the store hands out content against nothing else, so a new route can't forget the check.
 *
 * <p>A proof is good for one request; it is never kept.
 *
 * @param <T> what may be read
 */
public final class Authorised<T> {
  private final T subject;

  /** Package-private on purpose: see the class comment. */
  Authorised(T subject) {
    this.subject = subject;
  }

  /** What may be read. */
  public T subject() {
    return subject;
  }

  @Override
  public String toString() {
    return "Authorised[" + subject + "]";
  }
}
