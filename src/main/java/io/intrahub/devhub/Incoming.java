package io.intrahub.devhub;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * A request as it arrived, with nothing decoded.
 *
 * @param clientPort at the client's end of its connection
 * @param path raw, up to the question mark
 * @param query raw, empty if there is none
 * @param headers by lower-case name, in the order sent
 * @param bodySource read on demand, by one thread
 */
record Incoming(
    boolean cdn,
    int clientPort,
    String method,
    String path,
    String query,
    Map<String, List<String>> headers,
    Supplier<byte[]> bodySource) {

  boolean isHead() {
    return method.equals("HEAD");
  }

  boolean isRead() {
    return method.equals("GET") || isHead();
  }

  String rawTarget() {
    return query.isEmpty() ? path : path + "?" + query;
  }

  Optional<String> header(String name) {
    return headers.getOrDefault(name.toLowerCase(Locale.ROOT), List.of()).stream().findFirst();
  }

  Map<String, List<String>> params() {
    return DevText.query(query);
  }

  Optional<String> param(String name) {
    return params().getOrDefault(name, List.of()).stream().findFirst();
  }

  /** Clients write {@code true}, {@code True} and {@code 1}. */
  boolean flag(String name) {
    return param(name).filter(Incoming::isTrue).isPresent();
  }

  int number(String name, int otherwise) {
    return param(name)
        .filter(v -> !v.isEmpty() && v.length() < 7 && v.chars().allMatch(Character::isDigit))
        .map(Integer::parseInt)
        .orElse(otherwise);
  }

  static boolean isTrue(String value) {
    return value.equalsIgnoreCase("true") || value.equals("1");
  }

  String bodyText() {
    return new String(bodySource.get(), StandardCharsets.UTF_8);
  }

  /** The bearer token, or the raw value of any other kind of credential. */
  Optional<String> token() {
    return header("authorization")
        .map(v -> v.regionMatches(true, 0, "Bearer ", 0, 7) ? v.substring(7).strip() : v);
  }

  Incoming withoutRange() {
    Map<String, List<String>> fewer = new LinkedHashMap<>(headers);
    fewer.remove("range");
    return new Incoming(cdn, clientPort, method, path, query, fewer, bodySource);
  }
}
