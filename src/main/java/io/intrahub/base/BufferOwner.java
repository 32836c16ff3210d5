package io.intrahub.base;

import java.util.Optional;

/**
 * Whom a borrowed buffer counts against.
 *
 * @param client the client's name, as its other limits count it
 * @param token the name of its token, against which the buffer counts too, so that neither many
 *     addresses nor many tokens raise a share; empty if it sent none
 */
public record BufferOwner(String client, Optional<String> token) {
  /** A client without a token. */
  public static BufferOwner of(String client) {
    return new BufferOwner(client, Optional.empty());
  }
}
