package io.intrahub.http;

import io.intrahub.hub.HubError;
import java.io.IOException;

/**
 * Refuses requests that this mirror sent itself: a mirror that is its own upstream would answer
 * each request with another one.
 *
 * @param name of this mirror in {@code Via}
 * @param next answers all other requests
 */
record LoopGuard(String name, HubServer.Handler next) implements HubServer.Handler {
  @Override
  public void handle(Exchange exchange) throws IOException {
    if (exchange.caller().via().contains(name)) {
      ApiRoutes.error(exchange, HubError.loop());
    } else {
      next.handle(exchange);
    }
  }
}
