package io.intrahub.hostile;

import static io.intrahub.hostile.WireCorpus.FILE;
import static io.intrahub.hostile.WireCorpus.GET;
import static io.intrahub.hostile.WireCorpus.HIDDEN;
import static io.intrahub.hostile.WireCorpus.JSON;
import static io.intrahub.hostile.WireCorpus.POST;
import static io.intrahub.hostile.WireCorpus.SMUGGLED;
import static io.intrahub.hostile.WireCorpus.join;
import static io.intrahub.hostile.WireCorpus.show;
import static io.intrahub.hostile.WireRow.answered;
import static io.intrahub.hostile.WireRow.noVersion;
import static io.intrahub.hostile.WireRow.row;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The rows of {@link WireCorpus} that are odd in the head of a request, not in its length. */
final class WireHeads {
  private WireHeads() {}

  static List<WireRow> rows() {
    return Stream.of(requestLines(), headers(), pipelines(), targets())
        .flatMap(List::stream)
        .toList();
  }

  private static List<WireRow> requestLines() {
    List<WireRow> rows = new ArrayList<>();
    String rest = "\r\nHost: mirror\r\n\r\n";
    for (String method :
        List.of(
            "get",
            "G ET",
            "",
            "GET\t",
            "\tGET",
            " GET",
            "G\u0000T",
            "GET\u0000",
            "G\u00cbT",
            "M".repeat(20_000),
            "\"GET\"",
            "GET:",
            "{}",
            "TRACE",
            "TRACK",
            "CONNECT",
            "BREW",
            "PRI",
            "SEARCH",
            "PURGE")) {
      rows.add(row("method " + show(method), method + " " + FILE + " HTTP/1.1" + rest));
    }
    for (String version :
        List.of(
            "HTTP/1.2",
            "HTTP/1.10",
            "HTTP/01.1",
            "HTTP/1.",
            "HTTP/1",
            "HTTP/2.0",
            "HTTP/3",
            "HTTP/0.9",
            "http/1.1",
            "HTTP /1.1",
            "HTTP/1.1 x",
            "HTTP/1.1\t",
            "HTTP/\u0661.1",
            "ICY/1.1",
            "HTTP/1.1\u0000",
            "HTTP/1.1 HTTP/1.1",
            "",
            "HTTP/-1.1",
            "HTTP/1.1\r")) {
      String bytes = "GET " + FILE + " " + version + rest;
      rows.add(
          version.isEmpty()
              ? noVersion("no version", bytes)
              : row("version " + show(version), bytes));
    }
    for (String target :
        List.of(
            "http://mirror" + FILE,
            "http://other" + FILE,
            "https://mirror" + FILE,
            "HTTP://mirror" + FILE,
            "http://user:pw@mirror" + FILE,
            "http://mirror:99999" + FILE,
            "http://mirror\\@other" + FILE,
            "http:" + FILE,
            "http:/" + FILE,
            "http://" + FILE,
            "http://",
            "http://mirror",
            "//mirror" + FILE,
            "ftp://mirror" + FILE,
            "file:///etc/passwd",
            "mirror:443",
            "*",
            "?",
            "#",
            FILE + "#x",
            FILE + " x",
            FILE + "\tx",
            FILE + "\u0000x",
            FILE + "\u000bx",
            FILE + "\u00e9",
            FILE + "\rX: y",
            "/" + "a".repeat(20_000),
            FILE + "?" + "q".repeat(20_000),
            "\\acme\\open")) {
      rows.add(row("target " + show(target), "GET " + target + " HTTP/1.1" + rest));
    }
    rows.add(noVersion("an LF in the target", "GET " + FILE + "\nX: y HTTP/1.1" + rest));
    rows.add(row("OPTIONS *", "OPTIONS * HTTP/1.1" + rest));
    rows.add(row("HTTP/2 without TLS", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
    rows.add(row("empty lines first", "\r\n\r\n" + GET + "\r\n"));
    rows.add(row("an LF first", "\n" + GET + "\r\n"));
    rows.add(row("a hundred empty lines first", "\r\n".repeat(100) + GET + "\r\n"));
    rows.add(row("only LF", (GET + "\r\n").replace("\r\n", "\n")));
    rows.add(row("only CR", (GET + "\r\n").replace("\r\n", "\r")));
    rows.add(row("LF behind the head", GET.replace("\r\n", "\n") + "\r\n"));
    rows.add(
        row(
            "bytes of TLS",
            "\u0016\u0003\u0001\u0000\u00a5\u0001\u0000\u0000\u00a1\u0003\u0003\r\n\r\n"));
    rows.add(row("NULs first", "\u0000\u0000" + GET + "\r\n"));
    return rows;
  }

  private static List<WireRow> headers() {
    List<WireRow> rows = new ArrayList<>();
    String line = "GET " + FILE + " HTTP/1.1\r\n";
    for (String lines :
        List.of(
            "X: y",
            "Host: mirror\r\nHost: mirror",
            "Host: mirror\r\nHost: other",
            "Host: mirror, other",
            "Host:",
            "Host: ",
            "Host: mirror/x",
            "Host: user@mirror",
            "Host: mirror:x",
            "Host: mirror:99999",
            "Host: mir ror",
            "Host: mirror\t",
            "Host: mir\u0000ror",
            "Host: <mirror>",
            "Host: [::1",
            "Host: ..",
            "Host: mirror\r\n .other",
            "Host\t: mirror",
            "Host : mirror",
            " Host: mirror",
            "Host: mirror\nHost: other",
            "Host: mirror\r\nX: a\r\n\tb",
            "Host: mirror\r\n X: a",
            "Host: mirror\r\nX",
            "Host: mirror\r\n: x",
            "Host: mirror\r\nX Y: z",
            "Host: mirror\r\nX\u0000: z",
            "Host: mirror\r\nX: a\u0000b",
            "Host: mirror\r\nX: a\rInjected: b",
            "Host: mirror\r\nX: a\nInjected: b",
            "Host: mirror\r\nX(: a",
            "Host: mirror\r\nX: \u007f",
            "Host: mirror\r\n\u00e9: x",
            "Host: mirror\r\nX: \u00e9",
            "Host: mirror\r\nX: " + "y".repeat(20_000),
            "Host: mirror\r\n" + "x".repeat(20_000) + ": y",
            "Host: mirror\r\n" + "X: y\r\n".repeat(3_000) + "X: y",
            "Host: mirror\r\nConnection: Host, Content-Length",
            "Host: mirror\r\nConnection: keep-alive, close",
            "Host: mirror\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__",
            "Host: mirror\r\nUpgrade: websocket\r\nConnection: Upgrade",
            "Host: mirror\r\nExpect: 100-continue",
            "Host: mirror\r\nExpect: x",
            "Host: mirror\r\nRange: bytes=0-0,0-0,0-0",
            "Host: mirror\r\nContent-Length: 0",
            "Host: mirror\r\nAuthorization: a\u0000b",
            "Host: mirror\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b",
            "Host: mirror\r\nX-HTTP-Method-Override: POST",
            "Host: mirror\r\nX-Original-URL: " + SMUGGLED,
            "Host: mirror\r\nX-Rewrite-URL: " + SMUGGLED)) {
      rows.add(row("header " + show(lines), line + lines + "\r\n\r\n"));
    }
    int length = JSON.length();
    rows.add(
        row(
            "a body that waits for 100",
            join(POST, "Expect: 100-continue", "Content-Length: " + length) + JSON));
    rows.add(
        row(
            "a HEAD with a body",
            join(GET.replace("GET", "HEAD"), "Content-Length: " + HIDDEN.length()) + HIDDEN));
    rows.add(
        row(
            "a DELETE with a body",
            join(GET.replace("GET", "DELETE"), "Content-Length: " + HIDDEN.length()) + HIDDEN));
    rows.add(
        row(
            "an OPTIONS with a body",
            join(GET.replace("GET", "OPTIONS"), "Content-Length: " + HIDDEN.length()) + HIDDEN));
    return rows;
  }

  /** Nothing is wrong with any of these. */
  private static List<WireRow> pipelines() {
    String get = GET + "\r\n";
    String head = get.replace("GET", "HEAD");
    String post = join(POST, "Content-Length: " + JSON.length()) + JSON;
    String none = get.replace("a.txt", "none.txt");
    String range = join(GET, "Range: bytes=1-2");
    String redirect = get.replace("resolve", "blob");
    return List.of(
        answered("GET", get, "GET"),
        answered("HEAD", head, "HEAD"),
        answered("HEAD, GET", head + get, "HEAD", "GET"),
        answered("GET, HEAD, GET", get + head + get, "GET", "HEAD", "GET"),
        answered("HEAD of nothing, GET", none.replace("GET", "HEAD") + get, "HEAD", "GET"),
        answered("GET of nothing, GET", none + get, "GET", "GET"),
        answered("a range, HEAD, GET", range + head + get, "GET", "HEAD", "GET"),
        answered("a redirect, GET", redirect + get, "GET", "GET"),
        answered("a redirect by HEAD, GET", redirect.replace("GET", "HEAD") + get, "HEAD", "GET"),
        answered("POST, GET", post + get, "POST", "GET"),
        answered("POST, HEAD, POST", post + head + post, "POST", "HEAD", "POST"),
        answered(
            "thirty of GET and HEAD",
            (get + head).repeat(15),
            Stream.generate(() -> List.of("GET", "HEAD"))
                .limit(15)
                .flatMap(List::stream)
                .toArray(String[]::new)));
  }

  /** Into {@code Location}, {@code Link} and {@code X-Error-Message}, and out of the folder. */
  private static List<WireRow> targets() {
    List<WireRow> rows = new ArrayList<>();
    for (String evil :
        List.of(
            "%0d%0aInjected:%20yes",
            "%0aInjected:%20yes",
            "%0d%0a%0d%0a" + "%3Chtml%3E",
            "%E5%98%8D%E5%98%8AInjected:%20yes",
            "%00",
            "%2e%2e%2f%2e%2e%2fsmuggled.txt",
            "..%2fsmuggled.txt",
            "%252e%252e%252fsmuggled.txt",
            "..%5csmuggled.txt",
            "%2fsmuggled.txt",
            "x%3E;%20rel=%22next%22",
            "%22%3E%3Cscript%3E",
            "%c0%ae%c0%ae%c0%af",
            "/../smuggled.txt",
            "./smuggled.txt",
            "..;/smuggled.txt",
            "//other.example/x",
            "%5c%5cother.example")) {
      for (String form :
          List.of(
              "/acme/open/blob/main/%s",
              "/acme/open/blob/%s/a.txt",
              "/acme/open/resolve/%s/a.txt",
              "/acme/open/resolve/main/%s",
              "/%s/open/resolve/main/a.txt",
              "/api/models/acme/open/tree/main/%s?limit=1",
              "/api/models/acme/open/tree/main?limit=1&cursor=%s",
              "/api/models/acme/open/tree/main?limit=1&%s",
              "/api/models?search=%s",
              "/api/%s")) {
        String target = form.replace("%s", evil);
        boolean readsIt = target.matches(".*/(blob|resolve)/main/\\.?/?smuggled.txt");
        if (!readsIt) {
          rows.add(row("target " + target, "GET " + target + " HTTP/1.1\r\nHost: mirror\r\n\r\n"));
        }
      }
    }
    return rows;
  }
}
