package io.intrahub.hostile;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One answer as a strict client reads it.
 *
 * @param head status line and header lines
 * @param whole whether all of it came
 */
record WireAnswer(int status, String head, String body, boolean whole) {
  private static final Pattern STATUS = Pattern.compile("HTTP/1\\.[01] ([1-5]\\d\\d) [ -~]*");
  private static final Pattern HEADER = Pattern.compile("[A-Za-z0-9-]+:[ -~]*");

  /**
   * Reads the answers to some requests, one after the other.
   *
   * @param methods of the requests, because the answer to a HEAD has no body
   * @throws AssertionError if the bytes are anything else than answers, or too many
   */
  static List<WireAnswer> parse(String bytes, List<String> methods) {
    List<WireAnswer> answers = new ArrayList<>();
    String rest = bytes;
    while (!rest.isEmpty()) {
      if (answers.size() == methods.size()) {
        throw new AssertionError("more answers than requests: " + rest);
      }
      int end = rest.indexOf("\r\n\r\n");
      if (end < 0) {
        answers.add(new WireAnswer(0, rest, "", false));
        break;
      }
      String head = rest.substring(0, end);
      rest = rest.substring(end + 4);
      int status = status(head);
      if (status < 200) {
        continue;
      }
      boolean noBody = methods.get(answers.size()).equals("HEAD") || status == 204 || status == 304;
      String length = header(head, "Content-Length");
      if (noBody) {
        answers.add(new WireAnswer(status, head, "", true));
      } else if (header(head, "Transfer-Encoding").equals("chunked")) {
        StringBuilder body = new StringBuilder();
        rest = dechunk(rest, body);
        answers.add(new WireAnswer(status, head, body.toString(), true));
      } else {
        // Without a length it ends with the connection.
        int size = length.isEmpty() ? rest.length() : Integer.parseInt(length);
        int to = Math.min(size, rest.length());
        answers.add(new WireAnswer(status, head, rest.substring(0, to), size == to));
        rest = rest.substring(to);
      }
    }
    return answers;
  }

  private static int status(String head) {
    List<String> lines = List.of(head.split("\r\n", -1));
    Matcher status = STATUS.matcher(lines.getFirst());
    if (!status.matches()) {
      throw new AssertionError("not the head of an answer: " + head);
    }
    for (String line : lines.subList(1, lines.size())) {
      if (!HEADER.matcher(line).matches()) {
        throw new AssertionError("not a header: " + line);
      }
    }
    return Integer.parseInt(status.group(1));
  }

  private static String dechunk(String text, StringBuilder body) {
    String rest = text;
    while (true) {
      int line = rest.indexOf("\r\n");
      if (line < 0) {
        return "";
      }
      int size = Integer.parseInt(rest.substring(0, line), 16);
      int from = line + 2;
      if (rest.length() < from + size + 2) {
        return "";
      }
      body.append(rest, from, from + size);
      rest = rest.substring(from + size + 2);
      if (size == 0) {
        return rest;
      }
    }
  }

  /** The value of a header, or "" if it is not there. */
  private static String header(String head, String name) {
    String start = name.toLowerCase(Locale.ROOT) + ":";
    return head.lines()
        .filter(l -> l.toLowerCase(Locale.ROOT).startsWith(start))
        .map(l -> l.substring(start.length()).strip())
        .findFirst()
        .orElse("");
  }

  String header(String name) {
    return header(head, name);
  }
}
