package io.intrahub.devhub;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** An answer being built and sent. Used by the thread of its request only. */
final class Reply {
  static final String JSON = "application/json; charset=utf-8";
  static final String PLAIN = "text/plain; charset=utf-8";

  record Header(String name, String value) {}

  /** The part of a content that is the body. */
  record Body(DevContent content, long offset, long length) {
    static Body whole(DevContent content) {
      return new Body(content, 0, content.size());
    }
  }

  private int status;
  private final List<Header> headers = new ArrayList<>();
  private Optional<Body> body;

  private Reply(int status, Optional<Body> body) {
    this.status = status;
    this.body = body;
  }

  /** An answer that has no body by definition, such as 304. */
  static Reply bare(int status) {
    return new Reply(status, Optional.empty());
  }

  static Reply of(int status, String contentType, DevContent content) {
    return of(status, contentType, Body.whole(content));
  }

  static Reply of(int status, String contentType, Body body) {
    return new Reply(status, Optional.of(body)).header("Content-Type", contentType);
  }

  static Reply text(int status, String text) {
    return of(status, PLAIN, DevContent.of(text));
  }

  static Reply json(int status, byte[] json) {
    return of(status, JSON, DevContent.of(json));
  }

  /** A redirect with the text that Express puts into its body. */
  static Reply redirect(int status, String location) {
    String reason = status == 302 ? "Found" : "Temporary Redirect";
    return text(status, reason + ". Redirecting to " + location).header("Location", location);
  }

  int status() {
    return status;
  }

  List<Header> headers() {
    return headers;
  }

  Optional<Body> body() {
    return body;
  }

  Reply header(String name, String value) {
    headers.add(new Header(name, value));
    return this;
  }

  Reply replaceHeader(String name, String value) {
    headers.removeIf(h -> h.name.equalsIgnoreCase(name));
    return header(name, value);
  }

  boolean has(String name) {
    return headers.stream().anyMatch(h -> h.name.equalsIgnoreCase(name));
  }

  void removeHeader(String name) {
    headers.removeIf(h -> h.name.equalsIgnoreCase(name));
  }

  Reply replaceBody(DevContent content) {
    body = Optional.of(Body.whole(content));
    return this;
  }

  /** Turns a 200 into what a known ETag deserves. */
  Reply becomeNotModified() {
    status = 304;
    body = Optional.empty();
    removeHeader("Content-Type");
    return this;
  }
}
