package io.intrahub.devhub;

/** Thrown to end the handling of a request with this answer. */
final class Refusal extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient Reply reply;

  Refusal(Reply reply) {
    super("refused", null, false, false);
    this.reply = reply;
  }

  Reply reply() {
    return reply;
  }
}
