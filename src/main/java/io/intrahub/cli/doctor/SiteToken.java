package io.intrahub.cli.doctor;

import io.intrahub.access.AccessToken;

/** Whether the mirror has a token of its own. */
public sealed interface SiteToken {
  /**
   * It needs none.
   *
   * @param instead whose tokens are sent instead
   */
  record NotUsed(String instead) implements SiteToken {}

  /**
   * It needs one and has none.
   *
   * @param problem why, and what to change
   */
  record Missing(String problem) implements SiteToken {}

  /**
   * It has one.
   *
   * @param source the option that it comes from
   */
  record Present(AccessToken token, String source) implements SiteToken {}
}
