package io.intrahub.hostile;

import static io.intrahub.hostile.WireRow.answered;
import static io.intrahub.hostile.WireRow.noVersion;
import static io.intrahub.hostile.WireRow.row;
import static io.intrahub.hostile.WireRow.unfinished;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * Requests at which two servers on a path are known to disagree: where a request ends, which host
 * or path it is for, what is a header. A request hidden in them asks for {@link #SMUGGLED}, which
 * no ordinary client here asks for.
 */
final class WireCorpus {
  static final String FOLDER = "/acme/open/resolve/main/";
  static final String SMUGGLED = FOLDER + "smuggled.txt";

  private static final String FILE = FOLDER + "a.txt";
  private static final String HIDDEN = "GET " + SMUGGLED + " HTTP/1.1\r\nHost: mirror\r\n\r\n";
  private static final String JSON = "{\"paths\":[\"a.txt\"]}";
  private static final String GET = "GET " + FILE + " HTTP/1.1\r\nHost: mirror\r\n";
  private static final String POST =
      "POST /api/models/acme/open/paths-info/main HTTP/1.1\r\nHost: mirror\r\n"
          + "Content-Type: application/json\r\n";

  private WireCorpus() {}

  static List<WireRow> rows() {
    return Stream.of(
            lengths(), encodings(), chunks(), requestLines(), headers(), pipelines(), targets())
        .flatMap(List::stream)
        .toList();
  }

  /** The hidden request is the body, as long as the length is read as it was meant. */
  private static List<WireRow> lengths() {
    List<WireRow> rows = new ArrayList<>();
    int n = HIDDEN.length();
    String hex = Integer.toHexString(n);
    for (String start : List.of(GET, POST)) {
      String which = start.substring(0, 4).strip() + " with length ";
      for (String value :
          List.of(
              "%d",
              "0%d",
              " %d ",
              "\t%d",
              "%d, %d",
              "%d,%d",
              "%d, 0",
              "0, %d",
              "+%d",
              "-%d",
              "%d.0",
              "%de0",
              "0x" + hex,
              hex + "h",
              "%d 0",
              "%d\u000b",
              "%d\u0000",
              "\"%d\"",
              "%d;x",
              "%d_0",
              "99999999999999999999",
              "9223372036854775808",
              "4294967296",
              "-1",
              "",
              "x",
              "\u00b2%d")) {
        String bytes =
            start
                + "Content-Length: "
                + value.replace("%d", Integer.toString(n))
                + "\r\n\r\n"
                + HIDDEN;
        boolean isLonger = value.matches("\\d{10,}");
        rows.add(
            isLonger ? unfinished(which + show(value), bytes) : row(which + show(value), bytes));
      }
      for (String two : List.of("%d|%d", "%d|0", "0|%d", "%d|%d0", "5|%d", "%d|x")) {
        String lines = "Content-Length: " + two.replace("|", "\r\nContent-Length: ");
        rows.add(
            row(
                which + "twice, " + two,
                start + lines.replace("%d", Integer.toString(n)) + "\r\n\r\n" + HIDDEN));
      }
      for (String name :
          List.of(
              "Content-Length ",
              " Content-Length",
              "Content-Length\t",
              "Content Length",
              "content-length",
              "Content-Length\u0000",
              "Content-Length\r")) {
        rows.add(row(which + "in " + show(name), start + name + ": " + n + "\r\n\r\n" + HIDDEN));
      }
      rows.add(row(which + "folded", start + "Content-Length:\r\n " + n + "\r\n\r\n" + HIDDEN));
      rows.add(
          row(
              which + "behind a bare LF",
              start + "X: y\nContent-Length: " + n + "\r\n\r\n" + HIDDEN));
      rows.add(
          row(
              which + "behind a bare CR",
              start + "X: y\rContent-Length: " + n + "\r\n\r\n" + HIDDEN));
    }
    return rows;
  }

  /** By the length the hidden request is in the body, by the chunks it is behind it. */
  private static List<WireRow> encodings() {
    List<WireRow> rows = new ArrayList<>();
    String chunked = "0\r\n\r\n" + HIDDEN;
    for (String lines :
        List.of(
            "Transfer-Encoding: chunked",
            "Transfer-Encoding: Chunked",
            "transfer-encoding:chunked",
            "Transfer-Encoding : chunked",
            " Transfer-Encoding: chunked",
            "Transfer-Encoding:\tchunked",
            "Transfer-Encoding: \u000bchunked",
            "Transfer-Encoding: chunked\u000b",
            "Transfer-Encoding: chunked\u0000",
            "Transfer-Encoding: \"chunked\"",
            "Transfer-Encoding: chunked;q=1",
            "Transfer-Encoding: xchunked",
            "Transfer-Encoding: chunked, identity",
            "Transfer-Encoding: identity, chunked",
            "Transfer-Encoding: gzip, chunked",
            "Transfer-Encoding: chunked, chunked",
            "Transfer-Encoding: ,chunked",
            "Transfer-Encoding: chunked,",
            "Transfer-Encoding: identity",
            "Transfer-Encoding: ",
            "Transfer-Encoding:\r\n chunked",
            "Transfer-Encoding\r\n : chunked",
            "Transfer_Encoding: chunked",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
            "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            "X: y\nTransfer-Encoding: chunked",
            "X: y\rTransfer-Encoding: chunked",
            "X: y\r\n\u0000Transfer-Encoding: chunked",
            "TE: chunked")) {
      String length = "Content-Length: " + chunked.length();
      String shown = show(lines);
      rows.add(row("POST " + shown + " and a length", join(POST, lines, length) + chunked));
      rows.add(row("POST a length and " + shown, join(POST, length, lines) + chunked));
      rows.add(row("GET " + shown + " and a length", join(GET, lines, length) + chunked));
    }
    String http10 = POST.replace("HTTP/1.1", "HTTP/1.0") + "Connection: keep-alive\r\n";
    rows.add(row("HTTP/1.0 chunked", join(http10, "Transfer-Encoding: chunked") + chunked));
    rows.add(
        row(
            "a length that ends within the chunks",
            join(POST, "Transfer-Encoding: chunked", "Content-Length: 3") + chunked));
    return rows;
  }

  private static List<WireRow> chunks() {
    List<WireRow> rows = new ArrayList<>();
    String start = join(POST, "Transfer-Encoding: chunked");
    String size = Integer.toHexString(JSON.length());
    String n = Integer.toHexString(HIDDEN.length());
    String end = "0\r\n\r\n";
    rows.add(answered("chunks", start + size + "\r\n" + JSON + "\r\n" + end, "POST"));
    for (String form :
        List.of(
            "%s;x",
            "%s;x=y",
            "%s ;x=\"y\"",
            "%s;x=\"a\r\nb\"",
            "%s;\u0000",
            "%s;x\n",
            "%s ",
            " %s",
            "%s\t",
            "0%s",
            "00000000000000000000%s",
            "0x%s",
            "+%s",
            "-%s",
            "%s.0",
            "%s_",
            "%s\u000b",
            "\"%s\"",
            "",
            "g",
            "\u0000%s")) {
      rows.add(
          row(
              "chunk size " + show(form),
              start + form.replace("%s", n) + "\r\n" + HIDDEN + "\r\n" + end));
    }
    for (String huge : List.of("ffffffffffffffff", "10000000000000000", "80000000", "7fffffff")) {
      rows.add(unfinished("chunk size " + huge, start + huge + "\r\n" + HIDDEN + "\r\n" + end));
    }
    rows.add(
        row(
            "a chunk extension of 40 KB",
            start + n + ";" + "x".repeat(40_000) + "\r\n" + HIDDEN + "\r\n" + end));
    rows.add(row("a chunk with bare LF", start + n + "\n" + HIDDEN + "\n0\n\n"));
    rows.add(row("a chunk that ends with LF", start + n + "\r\n" + HIDDEN + "\n" + end));
    rows.add(row("a chunk without its end", start + n + "\r\n" + HIDDEN + end));
    rows.add(row("a chunk with more than its size", start + "1\r\n" + HIDDEN + "\r\n" + end));
    rows.add(row("a last chunk with LF", start + "0\n\n"));
    rows.add(row("a last chunk of many zeros", start + "0".repeat(30) + "\r\n\r\n"));
    rows.add(row("a last chunk with an extension", start + "0;x=" + n + "\r\n\r\n"));
    for (String trailer :
        List.of(
            "Content-Length: " + HIDDEN.length(),
            "Transfer-Encoding: chunked",
            "Host: other",
            "X: y\r\n folded",
            "No colon",
            "X : y",
            "X: y\nZ: z",
            "X: a\u0000b",
            "X: " + "y".repeat(40_000),
            "Authorization: Bearer hf_other")) {
      rows.add(row("trailer " + show(trailer), start + "0\r\n" + trailer + "\r\n\r\n"));
    }
    rows.add(unfinished("chunks without a last one", start + size + "\r\n" + JSON + "\r\n"));
    return rows;
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

  private static String join(String start, String... lines) {
    return start + String.join("\r\n", lines) + "\r\n\r\n";
  }

  private static String show(String text) {
    StringBuilder shown = new StringBuilder();
    text.substring(0, Math.min(60, text.length()))
        .chars()
        .forEach(c ->
            shown.append(
                c >= ' ' && c <= '~'
                    ? Character.toString(c)
                    : String.format(Locale.ROOT, "\\x%02x", c)));
    return text.length() > 60 ? shown + "... (" + text.length() + ")" : shown.toString();
  }
}
