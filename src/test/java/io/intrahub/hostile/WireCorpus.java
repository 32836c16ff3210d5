package io.intrahub.hostile;

import static io.intrahub.hostile.WireRow.answered;
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

  static final String FILE = FOLDER + "a.txt";
  static final String HIDDEN = "GET " + SMUGGLED + " HTTP/1.1\r\nHost: mirror\r\n\r\n";
  static final String JSON = "{\"paths\":[\"a.txt\"]}";
  static final String GET = "GET " + FILE + " HTTP/1.1\r\nHost: mirror\r\n";
  static final String POST =
      "POST /api/models/acme/open/paths-info/main HTTP/1.1\r\nHost: mirror\r\n"
          + "Content-Type: application/json\r\n";

  private WireCorpus() {}

  static List<WireRow> rows() {
    return Stream.of(lengths(), encodings(), chunks(), WireHeads.rows())
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

  static String join(String start, String... lines) {
    return start + String.join("\r\n", lines) + "\r\n\r\n";
  }

  static String show(String text) {
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
