package io.intrahub.upstream;

/** Takes results of upstream apart for tests that know which outcome to expect. */
public final class UpstreamResults {
  private UpstreamResults() {}

  /** The value; fails when there is none. */
  public static <T> T value(UpstreamResult<T> result) {
    if (result instanceof UpstreamResult.Value(var value)) {
      return value;
    }
    throw new AssertionError("no value: " + result);
  }

  /** The refusal; fails when there is none. */
  public static HubRefusal refusal(UpstreamResult<?> result) {
    if (result instanceof UpstreamResult.Refused(var refusal)) {
      return refusal;
    }
    throw new AssertionError("not refused: " + result);
  }

  /** The failure; fails when there is none. */
  public static UpstreamFailure failure(UpstreamResult<?> result) {
    return result.asFailure().orElseThrow(() -> new AssertionError("not failed: " + result));
  }
}
